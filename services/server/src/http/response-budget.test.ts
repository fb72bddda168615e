import assert from 'node:assert/strict';
import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { describe, it } from 'mocha';
import { RawConnection } from '../testing/raw-connection.ts';
import { ResponseBudget } from './response-budget.ts';

const response = (): ServerResponse => new ServerResponse(new IncomingMessage(new Socket()));
const waiting = new AbortController().signal;

/** Larger than a small response. */
const large = 100_000;
const open = (): ResponseBudget =>
  new ResponseBudget({ smallResponsesBytes: 10, largeResponsesBytes: 2 * large }, 1_000);

describe('ResponseBudget', () => {
  it('refuses a response beyond the budget until another one closes', () => {
    const budget = open();
    const first = response();
    budget.reserve(6, first, waiting);
    assert.throws(() => budget.reserve(5, response(), waiting), { code: 'OVERLOADED', status: 503 });
    first.emit('close');
    budget.reserve(5, response(), waiting);
  });

  it('has separate budgets for small and large responses', () => {
    const budget = open();
    budget.reserve(10, response(), waiting);
    budget.reserve(2 * large, response(), waiting);
    assert.throws(() => budget.reserve(large, response(), waiting), { code: 'OVERLOADED' });
    const other = open();
    other.reserve(2 * large, response(), waiting);
    other.reserve(10, response(), waiting);
  });

  it('reserves nothing for a client that has disconnected', () => {
    const budget = open();
    const gone = AbortSignal.abort(new Error('gone'));
    assert.throws(() => budget.reserve(10, response(), gone), /gone/);
    budget.reserve(10, response(), waiting);
  });

  it('gives up on a client that reads nothing for too long', async () => {
    const budget = new ResponseBudget({ smallResponsesBytes: 10, largeResponsesBytes: 10 }, 100);
    const sent = Promise.withResolvers<void>();
    const server = createServer((_request, answer) => {
      budget.send(Buffer.alloc(64 * 1024 * 1024), answer, waiting).then(sent.resolve, sent.reject);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    using connection = new RawConnection((server.address() as AddressInfo).port);
    connection.socket.pause();
    connection.send('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await assert.rejects(sent.promise, { code: 'SLOW_READER', status: 408 });
    server.closeAllConnections();
    server.close();
  });
});
