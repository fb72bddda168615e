import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asEncoreError, waitUntil } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { sendError } from './error-response.ts';
import { requestSignal } from './request-signal.ts';

const timeoutMs = 50;
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, failed) => signal.addEventListener('abort', () => failed(signal.reason)));

describe('requestSignal', () => {
  let server: Server;
  let url: string;
  const reasons: string[] = [];
  beforeEach(async () => {
    reasons.length = 0;
    server = createServer(async (request, response) => {
      const signal = requestSignal(response, request.url === '/patient' ? 60_000 : timeoutMs);
      // Its work is done, only the client has not received all of it.
      if (request.url === '/begun') return void response.write('the first of ');
      await untilAborted(signal).catch((reason) => {
        reasons.push(asEncoreError(reason).code);
        sendError(response, asEncoreError(reason));
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => server.closeAllConnections());
  afterEach(() => server.close());

  it('ends the work of a request at its deadline', async () => {
    const answer = await fetch(`${url}/`);
    const { error } = (await answer.json()) as { error: { code: string; definite: boolean } };
    assert.deepEqual([answer.status, error.code, error.definite], [503, 'DEADLINE', false]);
  });

  it('ends a response that is being sent at its deadline', async () => {
    const answer = await fetch(`${url}/begun`);
    await assert.rejects(answer.text(), TypeError);
  });

  it('ends the work when the client disconnects', async () => {
    const stop = new AbortController();
    const answer = fetch(`${url}/patient`, { signal: stop.signal });
    answer.catch(() => {});
    await waitUntil('the request', async () => (await connections(server)) === 1, { timeoutMs: 5_000 });
    stop.abort();
    await waitUntil('the end of its work', () => reasons.length === 1, { timeoutMs: 5_000 });
    assert.deepEqual(reasons, ['CLIENT_GONE']);
  });
});

function connections(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );
}
