import assert from 'node:assert/strict';
import type { Report } from '@encore/contracts';
import { describe, it } from 'mocha';
import type { Judgement } from '../judge/judge.ts';
import { judgeStreams } from '../testing/judged-run.ts';
import { SimulatedRun } from '../testing/simulated-run.ts';
import { markdownSummary } from './markdown.ts';
import { renderPage } from './page.ts';
import { lostWritesText } from './phrases.ts';
import { textSummary } from './text-summary.ts';

/** A run with 200 acknowledged objects: the first `count` were read back, `lost` are lost. */
async function readBack(count: number, lost = 0): Promise<Judgement> {
  const run = new SimulatedRun({ acknowledged: 200, lost });
  const ledger = async function* () {
    let seen = 0;
    for await (const entry of run.ledger()) if (entry.type !== 'read_back' || ++seen <= count) yield entry;
  };
  return judgeStreams({ history: run.history(), plan: run.plan, ledger: ledger() });
}

describe('text of lost writes', () => {
  for (const [count, lost, expected, result] of [
    [200, 0, '0 of 200 acknowledged', 'PASSED'],
    [199, 0, 'not verified, 199 of 200 acknowledged read back', 'INCONCLUSIVE'],
    [0, 0, 'not verified, none of 200 acknowledged read back', 'INCONCLUSIVE'],
    [199, 1, '1, 199 of 200 acknowledged read back', 'FAILED'],
  ] as const) {
    it(`${count} of 200 read back, ${lost} lost: ${expected}`, async () => {
      const judgement = await readBack(count, lost);
      const { report } = judgement;
      assert.equal(report.result, result);
      assert.equal(lostWritesText(report), expected);
      assert.ok(textSummary(report).includes(`\nLost Writes: ${expected}\n`));
      assert.ok(markdownSummary(report).includes(`| ${expected} |`));
      const shown = expected.replace(/^.*?(?:, | of )/, '');
      assert.ok(renderPage(judgement).includes(shown));
    });
  }

  it('shows no zero for other findings either if a score was not read back', async () => {
    const { integrity, thresholds } = (await readBack(199)).report;
    for (const finding of ['lost', 'corrupt', 'duplicate', 'phantom'] as const) {
      assert.equal(integrity[finding], null, finding);
      assert.equal(thresholds.find(({ name }) => name === `${finding}_writes`)?.ok, null, finding);
    }
  });

  it('names objects that users deleted after a sample had found them lost', async () => {
    const { report } = await readBack(200);
    const integrity = { ...report.integrity, lost: 212 };
    assert.equal(
      lostWritesText({ ...report, integrity }),
      '212 of 200 acknowledged and others, deleted after a sample',
    );
  });

  it('is not verified without a ledger', async () => {
    const { report } = await readBack(200);
    const empty: Report['integrity'] = { ...report.integrity, acknowledged: null, read_back: 0, lost: null };
    assert.equal(lostWritesText({ ...report, integrity: empty }), 'not verified, no ledger');
  });
});
