import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { waitUntil } from '@encore/kit';
import { afterEach, describe, it } from 'mocha';
import { Spike } from './spike.ts';

const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe('spike', function () {
  this.timeout(20_000);
  let server: Server;
  afterEach(() => server.close());

  it('backs off while the server is down, and resumes afterwards', async () => {
    // Like a proxy with a dead upstream: accepts, then closes the connection.
    let isDown = false;
    let connections = 0;
    server = createServer((socket) => {
      connections += 1;
      socket.on('error', () => {});
      if (isDown) socket.end();
      socket.on('data', () => (isDown ? socket.end() : socket.write(answer)));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    assert.ok(typeof address === 'object' && address);
    const request = { url: `http://127.0.0.1:${address.port}`, method: 'GET', headers: {} } as const;
    const spike = await Spike.start({ ...request, requestsPerSecond: 100, seconds: 60 });
    const answered = (count: number) =>
      waitUntil(`${count} answers`, () => spike.answers >= count, { timeoutMs: 10_000 });
    await answered(100);
    isDown = true;
    const before = connections;
    const downAt = performance.now();
    await waitUntil('two seconds without a server', () => performance.now() - downAt > 2_000, { timeoutMs: 5_000 });
    // 50 users of the spike with growing pauses; without pauses there would be thousands.
    assert.ok(connections - before < 50 * 12, `${connections - before} connections`);
    isDown = false;
    await answered(spike.answers + 100);
    await spike.stop();
    assert.equal(spike.isOver, true);
  });
});
