import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { waitUntil } from '@encore/kit';
import { afterEach, describe, it } from 'mocha';
import { startSurge } from './surge.ts';

const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe('surge', function () {
  this.timeout(20_000);
  let server: Server;
  afterEach(() => server.close());

  it('does not storm a server that is gone, and presses on when it is back', async () => {
    // As a proxy whose server is dead: it accepts, and ends the connection.
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
    const surge = startSurge({ url: `http://127.0.0.1:${address.port}`, requestsPerSecond: 100, seconds: 60 });
    const answered = (count: number) =>
      waitUntil(`${count} answers`, () => surge.answers >= count, { timeoutMs: 10_000 });
    await answered(100);
    isDown = true;
    const before = connections;
    const downAt = performance.now();
    await waitUntil('two seconds without a server', () => performance.now() - downAt > 2_000, { timeoutMs: 5_000 });
    // 50 users of the surge, with growing pauses; without them it is thousands.
    assert.ok(connections - before < 50 * 12, `${connections - before} connections`);
    isDown = false;
    await answered(surge.answers + 100);
    surge.stop();
  });
});
