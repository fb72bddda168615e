import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'mocha';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { EncoreError } from './encore-error.ts';
import { EventLog } from './event-log.ts';
import { callJson } from './http-client.ts';
import { type HttpService, startHttpService } from './http-service.ts';

function start(ready = true, token?: string): Promise<HttpService> {
  const events = new EventLog();
  events.add({ type: 'stop_requested', at: 1, reason: 'test' });
  return startHttpService({
    host: '127.0.0.1',
    port: 0,
    logger: pino({ level: 'silent' }),
    registry: new Registry(),
    ready: () => ready,
    events,
    ...(token === undefined ? {} : { token }),
    routes: (app) => {
      app.post('/echo', (request, response) => void response.json(request.body));
      app.get('/refused', () => {
        throw new EncoreError('RUN_HELD', 'another run holds the lab');
      });
      app.get('/broken', () => {
        throw new Error('a bug');
      });
      app.get('/slow', () => {});
      app.delete('/empty', (_request, response) => void response.status(204).end());
    },
  });
}

const rejection = async (promise: Promise<unknown>): Promise<EncoreError> => {
  const error = await promise.then(
    () => assert.fail('expected a rejection'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof EncoreError, String(error));
  return error;
};

describe('startHttpService and callJson', () => {
  it('requires the token except for /live, /ready and /metrics', async () => {
    const token = 'a'.repeat(64);
    await using service = await start(true, token);
    for (const path of ['/live', '/ready', '/metrics']) assert.equal((await fetch(service.url + path)).status, 200);
    const echo = { method: 'POST' as const, body: { n: 1 }, timeoutMs: 1_000 };
    for (const wrong of [undefined, 'b'.repeat(64)]) {
      for (const call of [
        { path: '/echo', ...echo },
        { path: '/events', timeoutMs: 1_000 },
        { path: '/nowhere', timeoutMs: 1_000 },
      ]) {
        const { path, ...options } = call;
        const error = await rejection(callJson(service.url + path, z.unknown(), { ...options, token: wrong }));
        assert.deepEqual([error.code, error.status], ['UNAUTHORIZED', 401], path);
      }
    }
    assert.deepEqual(await callJson(`${service.url}/echo`, z.unknown(), { ...echo, token }), { n: 1 });
  });

  it('sends and parses JSON', async () => {
    await using service = await start();
    const schema = z.object({ n: z.number() });
    assert.deepEqual(
      await callJson(`${service.url}/echo`, schema, { method: 'POST', body: { n: 1 }, timeoutMs: 1_000 }),
      { n: 1 },
    );
    assert.equal(
      await callJson(`${service.url}/empty`, z.undefined(), { method: 'DELETE', timeoutMs: 1_000 }),
      undefined,
    );
    const error = await rejection(
      callJson(`${service.url}/echo`, schema, { method: 'POST', body: { n: 'x' }, timeoutMs: 1_000 }),
    );
    assert.equal(error.code, 'INVALID_INPUT');
    assert.match(error.message, /n: /);
  });

  it('preserves code, status and definiteness of an error', async () => {
    await using service = await start();
    const refused = await rejection(callJson(`${service.url}/refused`, z.unknown(), { timeoutMs: 1_000 }));
    assert.deepEqual([refused.code, refused.status, refused.definite], ['RUN_HELD', 409, true]);
    const broken = await rejection(callJson(`${service.url}/broken`, z.unknown(), { timeoutMs: 1_000 }));
    assert.deepEqual([broken.code, broken.status, broken.definite], ['INTERNAL', 500, false]);
    const missing = await rejection(callJson(`${service.url}/nothing`, z.unknown(), { timeoutMs: 1_000 }));
    assert.deepEqual([missing.code, missing.status], ['NOT_FOUND', 404]);
  });

  it('reports a timeout or a closed port as unreachable', async () => {
    await using service = await start();
    const slow = await rejection(callJson(`${service.url}/slow`, z.unknown(), { timeoutMs: 50 }));
    assert.equal(slow.code, 'UNREACHABLE');
    const closed = createServer().listen(0, '127.0.0.1');
    await new Promise((done) => closed.once('listening', done));
    const { port } = closed.address() as { port: number };
    await new Promise((done) => closed.close(done));
    const refused = await rejection(callJson(`http://127.0.0.1:${port}/`, z.unknown(), { timeoutMs: 1_000 }));
    assert.equal(refused.code, 'UNREACHABLE');
  });

  it('separates live from ready, and serves metrics and events', async () => {
    await using service = await start(false);
    assert.equal((await fetch(`${service.url}/live`)).status, 200);
    assert.equal((await fetch(`${service.url}/ready`)).status, 503);
    assert.equal((await fetch(`${service.url}/metrics`)).status, 200);
    const page = (await (await fetch(`${service.url}/events`)).json()) as { events: unknown[] };
    assert.equal(page.events.length, 1);
  });

  it('closes despite open connections', async () => {
    const service = await start();
    const hanging = fetch(`${service.url}/slow`).catch((error: unknown) => error);
    await fetch(`${service.url}/live`);
    await service[Symbol.asyncDispose]();
    assert.ok((await hanging) instanceof Error);
  });
});
