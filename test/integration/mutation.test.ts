/**
 * The two cheapest seeded bugs in runs of 20 s. timing/clean-run.test.ts runs without one;
 * `npm run mutation` runs all.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { bugs } from '../mutation/bugs.ts';
import { shortRun } from '../mutation/short-run.ts';

describe('the verdict', function () {
  this.timeout(90_000);

  for (const name of ['flipped-byte', 'swallowed-exception'])
    it(`detects ${name}`, async () => {
      const bug = bugs.find((seeded) => seeded.name === name) ?? assert.fail();
      const { report, triggers } = await shortRun(bug);
      assert.ok(triggers > 0, 'the bug took effect');
      assert.equal(report.result, bug.verdict, report.reasons.join('; '));
      assert.ok(
        report.reasons.some((reason) => bug.reason.test(reason)),
        report.reasons.join('; '),
      );
    });
});
