/** The two cheapest of the planted bugs in runs of 20 s, and such a run with nothing planted; all twelve: `npm run teeth`. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '@encore/contracts';
import { describe, it } from 'mocha';
import { bugs } from '../teeth/bugs.ts';
import { hitsIn } from '../teeth/hits.ts';
import { runLab } from '../teeth/lab-run.ts';
import { plantingEnvironment } from '../teeth/planting.ts';
import { scenarios } from '../teeth/scenarios.ts';

const seed = 7;
const settings = { ...scenarios.calm.settings, hours: 20 / 3_600 };

describe('the verdict', function () {
  this.timeout(90_000);

  async function judged(name?: string): Promise<{ report: Report; hits: number }> {
    const bug = bugs.find((planted) => planted.name === name);
    const folder = mkdtempSync(join(tmpdir(), 'encore-teeth-'));
    const hitsFile = join(folder, 'hits');
    try {
      const planting = bug === undefined ? {} : plantingEnvironment(bug, hitsFile);
      const { signal } = new AbortController();
      return { report: await runLab({ settings, seed, folder, planting, signal }), hits: hitsIn(hitsFile) };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  for (const name of ['flipped-byte', 'swallowed-exception']) {
    it(`catches ${name}`, async () => {
      const bug = bugs.find((planted) => planted.name === name);
      const { report, hits } = await judged(name);
      assert.ok(bug !== undefined && hits > 0, `the bug did its harm ${hits} times`);
      assert.equal(report.result, bug.verdict, report.reasons.join('; '));
      assert.ok(
        report.reasons.some((reason) => bug.reason.test(reason)),
        report.reasons.join('; '),
      );
    });
  }

  it('has nothing to say where nothing is planted', async () => {
    const { report } = await judged();
    assert.deepEqual([report.result, report.reasons], ['PASSED', []]);
  });
});
