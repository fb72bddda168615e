import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { shownPath } from './shown-path.ts';

describe('shownPath', () => {
  it("names results in a container as the host does, and says of other paths that they are the container's", () => {
    const container = { resultsDir: '/results', resultsName: './test_results' };
    assert.equal(shownPath('/results', container), 'test_results');
    assert.equal(shownPath('/results/production_test_1.json', container), 'test_results/production_test_1.json');
    assert.equal(shownPath('/runs/r1', container), "/runs/r1 (in the orchestrator's container)");
  });

  it('is relative to the current folder inside of it, and absolute elsewhere', () => {
    const host = { resultsDir: 'anything', resultsName: undefined };
    assert.equal(shownPath(join(process.cwd(), 'test_results', 'a'), host), 'test_results/a');
    assert.equal(shownPath('/elsewhere/a', host), '/elsewhere/a');
  });
});
