import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { describeError, EncoreError, messageOf } from './encore-error.ts';

describe('error text', () => {
  const inner = Object.assign(new Error('no route'), { code: 'EHOSTUNREACH' });
  const error = new EncoreError('RUN_HELD', 'another run is on', { cause: inner });

  it('starts with the code unless the message contains it, and ends with the cause', () => {
    assert.equal(describeError(error), 'RUN_HELD another run is on (EHOSTUNREACH no route)');
    assert.equal(describeError(new EncoreError('CLOSED', 'the message names CLOSED')), 'the message names CLOSED');
    assert.equal(describeError('thrown text'), 'thrown text');
  });

  it('omits the code in messageOf', () => {
    assert.equal(messageOf(error), 'another run is on (EHOSTUNREACH no route)');
    assert.equal(messageOf(7), '7');
  });
});

describe('EncoreError', () => {
  it('takes status and definite from the table', () => {
    const { status, definite } = new EncoreError('RUN_HELD', 'another run is on');
    assert.deepEqual([status, definite], [409, true]);
    const timedOut = new EncoreError('TIMED_OUT', 'waited for 5 s');
    assert.deepEqual([timedOut.status, timedOut.definite], [504, false]);
    assert.deepEqual([timedOut.asDefinite().definite, timedOut.definite], [true, false]);
  });

  it('keeps what another process reported, and its code if the table has it', () => {
    const known = EncoreError.received({ code: 'RUN_HELD', message: 'x', status: 418, definite: false });
    assert.deepEqual([known.code, known.message, known.status, known.definite], ['RUN_HELD', 'x', 418, false]);
    const foreign = EncoreError.received({ code: 'TEAPOT', message: 'short and stout', status: 418 });
    assert.deepEqual(
      [foreign.code, foreign.message, foreign.status, foreign.definite],
      ['PEER_ERROR', 'TEAPOT short and stout', 418, false],
    );
  });
});
