import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, it } from 'mocha';
import { Outbox } from './outbox.ts';

const answer = (): ServerResponse => new ServerResponse(new IncomingMessage(new Socket()));
const waiting = new AbortController().signal;

describe('Outbox', () => {
  it('refuses what would be too much together, until an answer is over', () => {
    const outbox = new Outbox(10, 1_000);
    const first = answer();
    outbox.reserve(6, first, waiting);
    assert.throws(() => outbox.reserve(5, answer(), waiting), { code: 'OVERLOADED', status: 503 });
    first.emit('close');
    outbox.reserve(5, answer(), waiting);
  });

  it('keeps no room for a client that has gone already', () => {
    const outbox = new Outbox(10, 1_000);
    const gone = AbortSignal.abort(new Error('gone'));
    assert.throws(() => outbox.reserve(10, answer(), gone), /gone/);
    outbox.reserve(10, answer(), waiting);
  });
});
