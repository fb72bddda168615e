import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, it } from 'mocha';
import { type Exchange, exchangeOf } from './proxy-probe.ts';

describe('a probe of a proxy', () => {
  let server: Server | undefined;
  const sockets = new Set<Socket>();
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server?.close();
  });

  async function exchange(
    probe: 'redis' | 'banner' | 'none',
    onConnection: (socket: Socket) => void,
  ): Promise<Exchange> {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      onConnection(socket);
    }).listen(0, '127.0.0.1');
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

  it('without a protocol sees the connection only', async () => {
    const { end, connectMs, bytes } = await exchange('none', () => {});
    assert.deepEqual([end, bytes], ['timeout', 0]);
    assert.notEqual(connectMs, null);
  });
});
