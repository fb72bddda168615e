/** The two cheapest of the planted bugs in runs of 20 s (timing/clean-run.test.ts: one with nothing planted); all: `npm run teeth`. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { bugs } from '../teeth/bugs.ts';
import { shortRun } from '../teeth/short-run.ts';

describe('the verdict', function () {
  this.timeout(90_000);

  for (const name of ['flipped-byte', 'swallowed-exception'])
    it(`catches ${name}`, async () => {
      const bug = bugs.find((planted) => planted.name === name) ?? assert.fail();
      const { report, hits } = await shortRun(bug);
      assert.ok(hits > 0, 'the bug did its harm');
      assert.equal(report.result, bug.verdict, report.reasons.join('; '));
      assert.ok(
        report.reasons.some((reason) => bug.reason.test(reason)),
        report.reasons.join('; '),
      );
    });
});
