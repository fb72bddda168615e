import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Probe } from '@encore/contracts';
import { afterEach, describe, it } from 'mocha';
import { type Exchange, exchangeOf, misfitOf } from './proxy-probe.ts';

describe('a probe of a proxy', () => {
  const servers = new Set<Server>();
  const sockets = new Set<Socket>();
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    for (const server of servers) server.close();
  });

  async function exchange(probe: Probe, onConnection: (socket: Socket) => void): Promise<Exchange> {
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      onConnection(socket);
    }).listen(0, '127.0.0.1');
    servers.add(server);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return await exchangeOf({ 'a:1': { probe } })('a:1', { host: '127.0.0.1', port }, { timeoutMs: 300 });
  }
  const answerPing = (socket: Socket) =>
    socket.on('data', (data) => String(data) === 'PING\r\n' && socket.write('+PONG\r\n'));

  it('of Redis is one PING', async () => {
    const { end, bytes } = await exchange('redis', answerPing);
    assert.deepEqual([end, bytes], ['complete', 7]);
  });

  it('of a banner waits for the server, and sends nothing', async () => {
    let received = 0;
    const { end, bytes } = await exchange('banner', (socket) => {
      socket.on('data', ({ length }) => {
        received += length;
      });
      socket.write('220 ready\r\n');
    });
    assert.deepEqual([end, bytes, received], ['complete', 11, 0]);
  });

  it('fits if the answer is in its protocol', async () => {
    const answering = (text: string) => (socket: Socket) => void socket.once('data', () => socket.end(text));
    const found: [Probe, (socket: Socket) => void, string | null][] = [
      ['http', answering('HTTP/1.1 404 Not Found\r\n\r\n'), null],
      ['http', answering('-ERR unknown command'), 'the answer to the probe http was "-ERR unknown command"'],
      ['http', (socket) => socket.destroy(), 'no answer to the probe http (reset)'],
      ['postgres', answering('N'), null],
      ['postgres', answering('HTTP/1.1 400 Bad Request'), 'the answer to the probe postgres was "H'],
      ['redis', answerPing, null],
      ['redis', answering('-NOAUTH Authentication required.'), null],
      ['redis', answering('HTTP/1.1 400'), 'the answer to the probe redis was "HTTP/1.1 400"'],
      ['banner', (socket) => void socket.write('\n'), null],
      ['banner', () => {}, 'no answer to the probe banner (timeout)'],
      ['none', () => {}, null],
      // A proxy accepts a connection before it finds that nothing listens behind it.
      ['none', (socket) => socket.destroy(), 'a connection was reset'],
    ];
    for (const [probe, onConnection, expected] of found) {
      const misfit = misfitOf(probe, await exchange(probe, onConnection));
      if (expected === null) assert.equal(misfit, null, probe);
      else assert.ok(misfit?.startsWith(expected), `${probe}: ${misfit}`);
    }
  });

  it('without a protocol sees the connection only', async () => {
    const { end, connectMs, bytes } = await exchange('none', () => {});
    assert.deepEqual([end, bytes], ['timeout', 0]);
    assert.notEqual(connectMs, null);
  });
});
