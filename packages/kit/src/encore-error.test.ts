import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { describeError, EncoreError, messageOf } from './encore-error.ts';

describe('an error in words', () => {
  const inner = Object.assign(new Error('no route'), { code: 'EHOSTUNREACH' });
  const error = new EncoreError('RUN_HELD', 'another run is on', { cause: inner });

  it('has its code in front where nothing else tells it, and the cause behind', () => {
    assert.equal(describeError(error), 'RUN_HELD another run is on (EHOSTUNREACH no route)');
    assert.equal(describeError(new EncoreError('A', 'A stands here already')), 'A stands here already');
    assert.equal(describeError('thrown text'), 'thrown text');
  });

  it('has no code of its own for people', () => {
    assert.equal(messageOf(error), 'another run is on (EHOSTUNREACH no route)');
    assert.equal(messageOf(7), '7');
  });
});
