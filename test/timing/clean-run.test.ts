/**
 * The run in which integration/mutation.test.ts detects seeded bugs, without a seeded bug: it must
 * pass.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { shortRun } from '../mutation/short-run.ts';

describe('the verdict', function () {
  this.timeout(90_000);

  it('reports nothing without a seeded bug', async () => {
    const { report } = await shortRun();
    assert.deepEqual([report.result, report.reasons], ['PASSED', []]);
  });
});
