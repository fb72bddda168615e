import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '@encore/kit';
import { describe, it } from 'mocha';
import { RawConnection } from '../testing/raw-connection.ts';
import { type Listener, type ListenerOptions, openListener } from './listener.ts';

const get = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
const open = (app: RequestListener, options: Partial<ListenerOptions> = {}): Promise<Listener> =>
  openListener(app, { host: '127.0.0.1', port: 0, requestTimeoutMs: 5_000, maxConnections: 10, ...options });

describe('openListener', function () {
  this.timeout(60_000);

  it('answers a request that arrives on an idle connection right after the stop began', async () => {
    const listener = await open((_request, response) => response.end('done'));
    using connection = new RawConnection(listener.port);
    await connection.send(get).receive(1);
    const stopped = listener.stop(5_000);
    // The request is in transit.
    await sleep(100);
    const [first, second] = await connection.send(get).receive(2);
    assert.equal(second?.status, 200);
    assert.match(second.head, /^connection: close$/im);
    assert.doesNotMatch(first?.head ?? '', /^connection: close$/im);
    assert.equal(await stopped, true);
  });

  it('reports that requests were aborted at the deadline', async () => {
    let received = 0;
    const listener = await open(() => {
      received += 1;
    });
    using connection = new RawConnection(listener.port);
    connection.send(get);
    await waitUntil('the request', () => received === 1, { timeoutMs: 5_000 });
    assert.equal(await listener.stop(100), false);
  });

  it('ends pipelined requests when their connection closes', async () => {
    const closed: number[] = [];
    let received = 0;
    const listener = await open((_request, response) => {
      const number = received++;
      response.once('close', () => closed.push(number));
    });
    using connection = new RawConnection(listener.port);
    connection.send(get, get, get);
    await waitUntil('the requests', () => received === 3, { timeoutMs: 5_000 });
    connection.socket.destroy();
    await waitUntil('the end of all requests', () => closed.length === 3, { timeoutMs: 5_000 });
    assert.equal(await listener.stop(0), true, 'none of them is still open');
  });

  it('serves requests with a timeout below that of their heads', async () => {
    const listener = await open((_request, response) => response.end('done'), { requestTimeoutMs: 1_000 });
    using connection = new RawConnection(listener.port);
    assert.equal((await connection.send(get).receive(1))[0]?.status, 200);
    await listener.stop(0);
  });

  it('closes connections beyond its limit', async () => {
    const listener = await open((_request, response) => response.end('done'), { maxConnections: 2 });
    using first = new RawConnection(listener.port);
    using second = new RawConnection(listener.port);
    for (const connection of [first, second]) await connection.send(get).receive(1);
    using third = new RawConnection(listener.port);
    await third.untilClosed();
    assert.deepEqual([first.closed, second.closed, third.responses], [false, false, []]);
    await listener.stop(0);
  });

  it('closes a connection on which nothing moves for 5 s more than a request may take', async () => {
    const requestTimeoutMs = 100;
    let closedAtMs = 0;
    const listener = await open(
      (request, response) => {
        request.socket.once('close', () => {
          closedAtMs = performance.now();
        });
        response.end(Buffer.alloc(32 * 1024 * 1024));
      },
      { requestTimeoutMs },
    );
    using connection = new RawConnection(listener.port);
    connection.socket.pause();
    const sentAtMs = performance.now();
    connection.send(get);
    await waitUntil('the connection to close', () => closedAtMs > 0, { timeoutMs: 60_000 });
    assert.ok(closedAtMs - sentAtMs > requestTimeoutMs + 4_900);
    await listener.stop(0);
  });
});
