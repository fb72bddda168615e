import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { shownPath, shownRuns } from './shown-path.ts';

describe('shownPath', () => {
  it('is relative inside the current folder, and absolute elsewhere', () => {
    assert.equal(shownPath(join(process.cwd(), 'test_results', 'a')), 'test_results/a');
    assert.equal(shownPath('/elsewhere/a'), '/elsewhere/a');
    assert.equal(shownPath(process.cwd()), process.cwd());
  });
});

describe('shownRuns', () => {
  it('names the folder of the runs by its path, or as the wiring does', () => {
    assert.equal(shownRuns({ runsDir: '/elsewhere', runsName: undefined }), '/elsewhere');
    assert.equal(shownRuns({ runsDir: '/elsewhere', runsName: undefined }, 'r1'), '/elsewhere/r1');
    const named = { runsDir: '/runs', runsName: 'the volume encore_runs' };
    assert.equal(shownRuns(named), 'the volume encore_runs');
    assert.equal(shownRuns(named, 'r1'), 'r1 of the volume encore_runs');
  });
});
