import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, it } from 'mocha';
import { Outbox } from './outbox.ts';

const answer = (): ServerResponse => new ServerResponse(new IncomingMessage(new Socket()));
const waiting = new AbortController().signal;

/** More than a small answer has. */
const large = 100_000;
const open = (): Outbox => new Outbox({ smallAnswersBytes: 10, largeAnswersBytes: 2 * large }, 1_000);

describe('Outbox', () => {
  it('refuses what would be too much together, until an answer is over', () => {
    const outbox = open();
    const first = answer();
    outbox.reserve(6, first, waiting);
    assert.throws(() => outbox.reserve(5, answer(), waiting), { code: 'OVERLOADED', status: 503 });
    first.emit('close');
    outbox.reserve(5, answer(), waiting);
  });

  it('has room for small answers when the large ones take all that they may, and for large ones beside small', () => {
    const outbox = open();
    outbox.reserve(10, answer(), waiting);
    outbox.reserve(2 * large, answer(), waiting);
    assert.throws(() => outbox.reserve(large, answer(), waiting), { code: 'OVERLOADED' });
    const other = open();
    other.reserve(2 * large, answer(), waiting);
    other.reserve(10, answer(), waiting);
  });

  it('keeps no room for a client that has gone already', () => {
    const outbox = open();
    const gone = AbortSignal.abort(new Error('gone'));
    assert.throws(() => outbox.reserve(10, answer(), gone), /gone/);
    outbox.reserve(10, answer(), waiting);
  });
});
