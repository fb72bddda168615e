import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLogger, systemClock, waitUntil } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { inThread } from '../testing/in-thread.ts';
import { WorkloadHost } from '../workload-host.ts';
import { LoadFaults } from './load-faults.ts';

const workload = new URL('../testing/stall-workload.ts', import.meta.url).href;
const id = 'stall-f0001-x';
const within = { timeoutMs: 10_000, everyMs: 10 };

describe('load faults', function () {
  this.timeout(30_000);
  let server: Server;
  let faults: LoadFaults;
  let stored: Set<string>;
  let requests: string[];
  /** How the service answers a call. */
  let answer: (path: string, response: ServerResponse) => void;

  beforeEach(async () => {
    stored = new Set();
    requests = [];
    answer = (_path, response) => void response.end('{}');
    server = createServer((request, response) => {
      const { method = '', url = '' } = request;
      requests.push(`${method} ${url}`);
      request.resume();
      if (method === 'PUT') stored.add(url);
      if (method === 'DELETE') response.statusCode = stored.delete(url) ? 204 : 404;
      if (method === 'POST') answer(url, response);
      else response.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const targetUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const openHost = () =>
      WorkloadHost.open({ workload, targetUrl, backoffMs: [0, 0] }, inThread(systemClock), systemClock);
    await using host = await openHost();
    const { description } = host;
    const logger = createLogger('loadgen', 'silent');
    faults = new LoadFaults({ targetUrl, description, openHost, clock: systemClock, logger });
  });
  afterEach(async () => {
    await faults[Symbol.asyncDispose]();
    server.close();
    server.closeAllConnections();
  });

  const isOver = async () => (await faults.status(id)).isOver;
  const calls = () => requests.filter((request) => request.startsWith('POST')).length;

  it('a stall calls until its breaker rejects a call, and removes what it stored at its end', async () => {
    answer = (_path, response) => void response.end(JSON.stringify({ error: calls() <= 5 ? 'TOO_SLOW' : 'REJECTED' }));
    assert.deepEqual(faults.named, { stall: { breaker: 'calls' } });
    await faults.start(id, { action: 'stall', seconds: 60 });
    await waitUntil('the end of the calls', isOver, within);
    assert.deepEqual((await faults.status(id)).ends, [...Array(5).fill('TOO_SLOW'), 'REJECTED']);
    assert.deepEqual(requests.slice(0, 2), [`PUT /objects/${id}-1`, `POST /calls/${id}-1`]);
    assert.equal(stored.size, 6);
    await faults.stop(id, 'stall');
    assert.equal(stored.size, 0);
    await assert.rejects(faults.status(id), { code: 'UNKNOWN_FAULT' });
  });

  it('a stall that is stopped cuts its call and makes no more', async () => {
    answer = () => {};
    await faults.start(id, { action: 'stall', seconds: 60 });
    await waitUntil('the first call', () => calls() === 1, within);
    await faults.start(id, { action: 'stall', seconds: 60 });
    await faults.stop(id, 'stall');
    assert.deepEqual([calls(), stored.size], [1, 0]);
  });

  it('removes what a stall of an earlier process stored', async () => {
    stored.add(`/objects/${id}-3`);
    await faults.stop(id, 'stall');
    assert.equal(stored.size, 0);
  });

  it('reports an object that it cannot remove', async () => {
    server.close();
    server.closeAllConnections();
    await assert.rejects(faults.stop(id, 'stall'), {
      code: 'NOT_REMOVED',
      message: /DELETE \/objects\/stall-f0001-x-1: refused/,
    });
  });

  it('a quick call returns its end and leaves nothing', async () => {
    assert.equal(await faults.quickCall(id), 'ok');
    answer = (_path, response) => {
      response.setHeader('content-type', 'text/event-stream');
      response.end('event: message\ndata: {"error":"TOO_SLOW"}\n\n');
    };
    assert.equal(await faults.quickCall(id), 'TOO_SLOW');
    answer = (_path, response) => void Object.assign(response, { statusCode: 502 }).end('bad gateway');
    assert.equal(await faults.quickCall(id), 'HTTP 502');
    assert.equal(stored.size, 0);
  });

  it('a spike repeats the request of the probe until its time is up', async () => {
    await faults.start(id, { action: 'spike', requestsPerSecond: 50, seconds: 60 });
    await waitUntil('answers', async () => (await faults.status(id)).answers >= 20, within);
    assert.ok(requests.every((request) => request === 'GET /cheap'));
    await faults.stop(id, 'spike');
    await assert.rejects(faults.status(id), { code: 'UNKNOWN_FAULT' });
    await faults.start(id, { action: 'spike', requestsPerSecond: 50, seconds: 1 });
    await waitUntil('its end', () => isOver().catch(() => true), within);
  });
});
