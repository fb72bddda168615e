/** The run in which integration/teeth.test.ts catches planted bugs, with nothing planted: what they are caught by is their own doing. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { shortRun } from '../teeth/short-run.ts';

describe('the verdict', function () {
  this.timeout(90_000);

  it('has nothing to say where nothing is planted', async () => {
    const { report } = await shortRun();
    assert.deepEqual([report.result, report.reasons], ['PASSED', []]);
  });
});
