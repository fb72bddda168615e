import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { terminalOptions } from './config.ts';

describe('options of docker compose run for the terminal', () => {
  it('pass on its type and the wish for or against colours', () => {
    assert.deepEqual(terminalOptions({ TERM: 'dumb', NO_COLOR: '1', HOME: '/root' }), [
      ...['-e', 'TERM=dumb'],
      ...['-e', 'NO_COLOR=1'],
    ]);
    assert.deepEqual(terminalOptions({ TERM: '', FORCE_COLOR: '0' }), ['-e', 'FORCE_COLOR=0']);
  });
});
