import assert from 'node:assert/strict';
import type { Report } from '@encore/contracts';
import { describe, it } from 'mocha';
import { judge } from '../judge/judge.ts';
import { SimulatedRun } from '../testing/simulated-run.ts';
import { lostWritesText } from './lost-writes.ts';
import { markdownSummary } from './markdown.ts';
import { renderPage } from './page.ts';
import { textSummary } from './text-summary.ts';

/** A run of which the first `kept` of 200 acknowledged scores were read back, one of them perhaps lost. */
async function readBack(kept: number, lost = 0): Promise<Awaited<ReturnType<typeof judge>>> {
  const run = new SimulatedRun({ acknowledged: 200, lost });
  const ledger = async function* () {
    let seen = 0;
    for await (const entry of run.ledger()) if (entry.type !== 'read_back' || ++seen <= kept) yield entry;
  };
  return judge({ history: run.history(), plan: run.plan, ledger: ledger(), historyProblems: [] });
}

describe('lost writes in words', () => {
  for (const [kept, lost, words, result] of [
    [200, 0, '0 of 200 acknowledged', 'PASSED'],
    [199, 0, 'not verified, 199 of 200 acknowledged read back', 'INCONCLUSIVE'],
    [0, 0, 'not verified, none of 200 acknowledged read back', 'INCONCLUSIVE'],
    [199, 1, '1, 199 of 200 acknowledged read back', 'FAILED'],
  ] as const) {
    it(`${kept} of 200 read back, ${lost} lost: ${words}`, async () => {
      const judgement = await readBack(kept, lost);
      const { report } = judgement;
      assert.equal(report.result, result);
      assert.equal(lostWritesText(report), words);
      assert.ok(textSummary(report).includes(`\nLost Writes: ${words}\n`));
      assert.ok(markdownSummary(report).includes(`| ${words} |`));
      const shown = words.replace(/^.*?(?:, | of )/, '');
      assert.ok(renderPage(judgement).includes(shown));
    });
  }

  it('claims no zero for scores that are corrupt or doubled either, while one was not read back', async () => {
    const { integrity, thresholds } = (await readBack(199)).report;
    for (const finding of ['lost', 'corrupt', 'duplicate', 'phantom'] as const) {
      assert.equal(integrity[finding], null, finding);
      assert.equal(thresholds.find(({ name }) => name === `${finding}_writes`)?.ok, null, finding);
    }
  });

  it('knows of no ledger', async () => {
    const { report } = await readBack(200);
    const empty: Report['integrity'] = { ...report.integrity, acknowledged: null, read_back: 0, lost: null };
    assert.equal(lostWritesText({ ...report, integrity: empty }), 'not verified, no ledger');
  });
});
