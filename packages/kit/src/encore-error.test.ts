import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { describeError, EncoreError, messageOf } from './encore-error.ts';

describe('error text', () => {
  const inner = Object.assign(new Error('no route'), { code: 'EHOSTUNREACH' });
  const error = new EncoreError('RUN_HELD', 'another run is on', { cause: inner });

  it('starts with the code unless the message contains it, and ends with the cause', () => {
    assert.equal(describeError(error), 'RUN_HELD another run is on (EHOSTUNREACH no route)');
    assert.equal(describeError(new EncoreError('A', 'the message names A')), 'the message names A');
    assert.equal(describeError('thrown text'), 'thrown text');
  });

  it('omits the code in messageOf', () => {
    assert.equal(messageOf(error), 'another run is on (EHOSTUNREACH no route)');
    assert.equal(messageOf(7), '7');
  });
});
