import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, type RequestListener, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@encore/kit';
import { collectGarbage } from '@encore/kit/collect-garbage';
import { describe, it } from 'mocha';
import { createMetrics } from '../metrics.ts';
import { Admission } from '../resilience/admission.ts';
import { serverConfigSchema } from '../server-config.ts';
import { RawConnection } from '../testing/raw-connection.ts';
import { withAdmission } from './admission-middleware.ts';
import { openListener } from './listener.ts';

const times = 50;

/** Refuses heavy requests; `app` gets the others. */
function refusing(app: RequestListener = () => assert.fail('the request was admitted')): RequestListener {
  const admission = new Admission({
    limits: serverConfigSchema.parse({}),
    clock: systemClock,
    heavyRefused: () => true,
    stopping: () => false,
    onShed: () => {},
  });
  const heavyTools = new Set(['chord_analysis']);
  return withAdmission(app, { admission, metrics: createMetrics([]), heavyTools });
}

describe('withAdmission', function () {
  this.timeout(30_000);

  for (const [method, path] of [
    ['POST', '/mcp'],
    ['POST', '/mcp/?a=1'],
    ['POST', '/MCP'],
    ['PUT', '/scores/large'],
    ['PUT', '/Scores/large/'],
  ] as const) {
    it(`refuses a heavy ${method} ${path}, which Express routes`, async () => {
      const options = { host: '127.0.0.1', port: 0, requestTimeoutMs: 5_000, maxConnections: 10 };
      const listener = await openListener(
        refusing((_, response) => response.end()),
        options,
      );
      const headers = { 'mcp-name': 'chord_analysis' };
      const body = new Uint8Array(2_000_000);
      const { status } = await fetch(`http://127.0.0.1:${listener.port}${path}`, { method, headers, body });
      await listener.stop(0);
      assert.equal(status, 503);
    });
  }

  it('keeps no refused request in memory', async () => {
    const guarded = refusing();
    const refused: WeakRef<IncomingMessage>[] = [];
    const listener = await openListener(
      (incoming, response) => {
        refused.push(new WeakRef(incoming));
        guarded(incoming, response);
      },
      { host: '127.0.0.1', port: 0, requestTimeoutMs: 5_000, maxConnections: 10 },
    );
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = 0; i < times; i += 1) {
      const outgoing = request({
        agent,
        host: '127.0.0.1',
        port: listener.port,
        path: '/mcp',
        method: 'POST',
        headers: { 'mcp-name': 'chord_analysis', 'content-length': 2 },
      });
      outgoing.flushHeaders();
      // Half of the requests send their body with the head, the others after the refusal.
      if (i % 2 === 0) outgoing.end('{}');
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      assert.equal(response.statusCode, 503);
      if (i % 2 === 1) outgoing.end('{}');
      await once(response.resume(), 'close');
    }
    agent.destroy();
    assert.equal(refused.length, times);
    // Node keeps the last request of a connection.
    await sleep(50);
    collectGarbage();
    const kept = refused.filter((request) => request.deref() !== undefined).length;
    await listener.stop(0);
    assert.ok(kept <= 2, `${kept} of ${times} are still in memory`);
  });

  const large = 1024 * 1024 + 1;
  const costs: [
    name: string,
    method: string,
    path: string,
    headers: Record<string, string | number>,
    status: number,
  ][] = [
    ['an upload of 1 MB', 'PUT', '/scores/a', { 'content-length': large - 1 }, 200],
    ['a larger upload', 'PUT', '/scores/a', { 'content-length': large }, 503],
    ['an upload of unknown size', 'PUT', '/scores/a', { 'transfer-encoding': 'chunked' }, 503],
    ['a light tool', 'POST', '/mcp', { 'mcp-name': 'score_info', 'content-length': large }, 200],
    ['a heavy tool', 'POST', '/mcp', { 'mcp-name': 'chord_analysis' }, 503],
    ['a message of 64 KB without the name of a tool', 'POST', '/mcp', { 'content-length': 65_536 }, 200],
    ['a larger message without the name of a tool', 'POST', '/mcp', { 'content-length': 65_537 }, 503],
    ['a read', 'GET', '/scores/a', {}, 200],
  ];
  it('recognizes heavy requests by their head', async () => {
    const listener = await openListener(
      refusing((_request, response) => response.end()),
      {
        host: '127.0.0.1',
        port: 0,
        requestTimeoutMs: 5_000,
        maxConnections: 100,
      },
    );
    for (const [name, method, path, headers, status] of costs) {
      const outgoing = request({ host: '127.0.0.1', port: listener.port, method, path, headers });
      outgoing.on('error', () => {});
      outgoing.flushHeaders();
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      assert.equal(response.statusCode, status, name);
      outgoing.destroy();
    }
    await listener.stop(0);
  });

  it('disconnects a client that keeps sending its body after the refusal, but not at once', async () => {
    const listener = await openListener(refusing(), {
      host: '127.0.0.1',
      port: 0,
      requestTimeoutMs: 20_000,
      maxConnections: 10,
    });
    using connection = new RawConnection(listener.port);
    connection.send('PUT /scores/endless HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n');
    const [refusal] = await connection.receive(1);
    const refusedAtMs = performance.now();
    assert.deepEqual([refusal?.status, connection.closed], [503, false]);
    const sending = setInterval(() => connection.send('1\r\nx\r\n'), 20);
    await connection.untilClosed().finally(() => clearInterval(sending));
    const tookMs = performance.now() - refusedAtMs;
    assert.ok(tookMs > 1_500 && tookMs < 10_000, `${tookMs} ms`);
    await listener.stop(0);
  });

  it('discards the rest of a body after an early response, so that the connection can be used again', async () => {
    const answerEarly: RequestListener = async (incoming, response) => {
      for await (const _ of incoming.iterator({ destroyOnReturn: false })) break;
      response.setHeader('content-length', 0).end();
    };
    const options = { host: '127.0.0.1', port: 0, requestTimeoutMs: 20_000, maxConnections: 10 };
    const listener = await openListener(
      refusing((incoming, response) => answerEarly(incoming, response)),
      options,
    );
    using connection = new RawConnection(listener.port);
    const half = new Uint8Array(100_000);
    connection.send('PUT /scores/a HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 200000\r\n\r\n', half);
    await connection.receive(1);
    connection.send(half, 'GET /scores/a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    assert.equal((await connection.receive(2)).length, 2);
    await listener.stop(0);
  });
});
