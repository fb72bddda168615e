import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { shownPath } from './shown-path.ts';

describe('shownPath', () => {
  it('is relative inside the current folder, and absolute elsewhere', () => {
    assert.equal(shownPath(join(process.cwd(), 'test_results', 'a')), 'test_results/a');
    assert.equal(shownPath('/elsewhere/a'), '/elsewhere/a');
    assert.equal(shownPath(process.cwd()), process.cwd());
  });
});
