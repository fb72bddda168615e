/** The proxy's effects, measured on real sockets. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { waitUntil } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { ProxyCollection } from './proxy-collection.ts';

describe('embedded proxy', () => {
  let proxies: ProxyCollection;
  let upstream: Server;
  let port = 0;
  /** Serves one connection of the upstream; an echo unless a test replaces it. */
  let serve: (socket: Socket) => void;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    serve = (socket) => void socket.pipe(socket);
    upstream = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      serve(socket);
    });
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    proxies = new ProxyCollection();
    const to = `127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    const view = await proxies.create({ name: 'proxy', listen: '127.0.0.1:0', upstream: to });
    port = Number(view.listen.split(':')[1]);
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    upstream.close();
    await proxies[Symbol.asyncDispose]();
  });

  async function dial(): Promise<Socket> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  /** Reads `bytes` bytes; rejects when the connection ends or fails first. */
  function read(socket: Socket, bytes: number): Promise<Buffer> {
    return new Promise((done, failed) => {
      const parts: Buffer[] = [];
      let length = 0;
      socket.on('data', (part: Buffer) => {
        parts.push(part);
        length += part.length;
        if (length >= bytes) done(Buffer.concat(parts));
      });
      socket.on('error', failed);
      socket.on('close', () => failed(new Error(`closed after ${length} bytes`)));
      socket.on('end', () => failed(new Error(`ended after ${length} bytes`)));
    });
  }

  /** The fastest of five: a busy machine slows single ones, but none can beat the delay. */
  async function roundTripMs(socket: Socket): Promise<number> {
    const trips: number[] = [];
    for (let i = 0; i < 5; i += 1) trips.push(await oneTripMs(socket));
    return Math.min(...trips);
  }

  async function oneTripMs(socket: Socket): Promise<number> {
    const start = performance.now();
    const answer = once(socket, 'data');
    socket.write('ping');
    await answer;
    return performance.now() - start;
  }

  const toxic = (type: string, attributes: Record<string, number>, stream = 'downstream', toxicity = 1) =>
    proxies.addToxic('proxy', { type, attributes, stream, toxicity });

  const within = (value: number, min: number, max: number) =>
    assert.ok(value >= min && value <= max, `${value} is not within ${min} and ${max}`);

  it('passes bytes and a half close unchanged in both directions', async () => {
    const sent = randomBytes(3_000_000);
    const socket = await dial();
    const received = read(socket, sent.length);
    socket.end(sent);
    const hash = (data: Buffer) => createHash('sha256').update(data).digest('hex');
    assert.equal(hash(await received), hash(sent));
    await once(socket, 'end');
  });

  it('latency delays each direction separately, on open connections too, until removed', async () => {
    const socket = await dial();
    within(await roundTripMs(socket), 0, 60);
    toxic('latency', { latency: 150 }, 'upstream');
    within(await roundTripMs(socket), 145, 260);
    toxic('latency', { latency: 100 }, 'downstream');
    within(await roundTripMs(socket), 245, 360);
    proxies.changeToxic('proxy', 'latency_upstream', { attributes: { latency: 50 } });
    within(await roundTripMs(socket), 145, 260);
    proxies.removeToxic('proxy', 'latency_upstream');
    proxies.removeToxic('proxy', 'latency_downstream');
    within(await roundTripMs(socket), 0, 60);
  });

  it('latency does not reduce throughput: 8 MB with 100 ms of delay', async () => {
    toxic('latency', { latency: 100 }, 'upstream');
    const socket = await dial();
    const start = performance.now();
    const received = read(socket, 8_000_000);
    socket.write(Buffer.alloc(8_000_000));
    await received;
    within(performance.now() - start, 100, 10_000);
  });

  it('jitter stays within its bounds', async () => {
    toxic('latency', { latency: 40, jitter: 30 });
    const socket = await dial();
    const seen: number[] = [];
    for (let i = 0; i < 20; i += 1) seen.push(await oneTripMs(socket));
    within(Math.min(...seen), 9, 45);
    // Most are below the upper bound of 70 ms; a busy machine delays a few.
    within(seen.sort((a, b) => a - b)[10] ?? 0, 20, 75);
    within(Math.max(...seen), 35, 2_000);
  });

  it('bandwidth limits the rate', async () => {
    toxic('bandwidth', { rate: 500 });
    const socket = await dial();
    const start = performance.now();
    const received = read(socket, 250_000);
    socket.write(Buffer.alloc(250_000));
    await received;
    within(performance.now() - start, 430, 3_000);
  });

  it('slow_close delays only the end of the stream', async () => {
    toxic('slow_close', { delay: 200 });
    const socket = await dial();
    const start = performance.now();
    const received = read(socket, 4);
    socket.end('ping');
    await received;
    within(performance.now() - start, 0, 400);
    await once(socket, 'end');
    within(performance.now() - start, 195, 1_280);
  });

  it('timeout drops all data and closes in time; with 0, on removal', async () => {
    toxic('timeout', { timeout: 150 }, 'upstream');
    const socket = await dial();
    const start = performance.now();
    socket.write('ping');
    await assert.rejects(read(socket, 1), /after 0 bytes/);
    within(performance.now() - start, 140, 1_200);
    proxies.removeToxic('proxy', 'timeout_upstream');
    const held = await dial();
    await roundTripMs(held);
    toxic('timeout', { timeout: 0 }, 'upstream');
    const outcome = assert.rejects(read(held, 1), /after 0 bytes/);
    proxies.removeToxic('proxy', 'timeout_upstream');
    await outcome;
  });

  it('reset_peer sends a real RST, on pooled connections too', async () => {
    const pooled = await dial();
    await roundTripMs(pooled);
    toxic('reset_peer', { timeout: 0 });
    for (const socket of [pooled, await dial()]) {
      socket.write('ping');
      await assert.rejects(read(socket, 1), { code: 'ECONNRESET' });
    }
  });

  it('slicer cuts the data into small slices without changing it', async () => {
    const sizes: number[] = [];
    serve = (socket) => socket.on('data', (data: Buffer) => sizes.push(data.length));
    toxic('slicer', { average_size: 100, size_variation: 20, delay: 5_000 }, 'upstream');
    const socket = await dial();
    socket.write(Buffer.alloc(1_000));
    await waitUntil('1,000 bytes', () => sizes.reduce((sum, size) => sum + size, 0) === 1_000, { timeoutMs: 2_000 });
    within(sizes.length, 7, 13);
    within(Math.max(...sizes), 80, 240);
  });

  it('limit_data closes after exactly `bytes` bytes', async () => {
    toxic('limit_data', { bytes: 1_000 });
    const socket = await dial();
    socket.write(Buffer.alloc(5_000));
    await assert.rejects(read(socket, 5_000), /after 1000 bytes/);
  });

  it('toxicity 0 affects no connection, 0.5 about half of them', async () => {
    toxic('latency', { latency: 120 }, 'downstream', 0);
    within(await roundTripMs(await dial()), 0, 60);
    proxies.changeToxic('proxy', 'latency_downstream', { toxicity: 0.5 });
    const trips = await Promise.all(Array.from({ length: 60 }, async () => roundTripMs(await dial())));
    within(trips.filter((ms) => ms > 110).length, 15, 45);
  });

  it('refuses and cuts connections while disabled, then serves on the same port', async () => {
    const open = await dial();
    const cut = once(open, 'close');
    open.on('error', () => {}).on('end', () => open.end());
    await proxies.change('proxy', { enabled: false });
    await cut;
    await assert.rejects(dial(), { code: 'ECONNREFUSED' });
    await proxies.change('proxy', { enabled: true });
    within(await roundTripMs(await dial()), 0, 60);
  });

  it('accepts and then drops a client when the upstream is down, as Toxiproxy does', async () => {
    upstream.close();
    await once(upstream, 'close');
    const socket = await dial();
    await assert.rejects(read(socket, 1), /ECONNRESET|after 0 bytes/);
  });

  it('applies back-pressure: a client that does not read stops the sender', async () => {
    let sent = 0;
    serve = (socket) => {
      const block = Buffer.alloc(256 * 1024);
      const more = () => {
        while (!socket.destroyed && socket.write(block, () => (sent += block.length)));
      };
      socket.on('drain', more);
      more();
    };
    for (const withToxic of [false, true]) {
      if (withToxic) toxic('latency', { latency: 10 });
      sent = 0;
      (await dial()).pause();
      let before = 0;
      const stalled = () => {
        const same = sent > 0 && sent === before;
        before = sent;
        return same;
      };
      await waitUntil('the sender to stall', stalled, { timeoutMs: 8_000, everyMs: 300 });
      within(sent, 1, 40_000_000);
    }
  });

  it('survives removing latency under load while clients disconnect (Toxiproxy freezes)', async () => {
    const block = Buffer.alloc(256 * 1024);
    serve = (socket) => socket.on('data', () => socket.write(block));
    for (let round = 0; round < 5; round += 1) {
      toxic('latency', { latency: 100, jitter: 50 });
      const clients = await Promise.all(Array.from({ length: 30 }, dial));
      for (const client of clients) {
        client.on('error', () => {});
        client.pause();
        client.write('ping');
      }
      for (const client of clients.slice(0, 15)) client.resetAndDestroy();
      proxies.removeToxic('proxy', 'latency_downstream');
      const fresh = await dial();
      fresh.write('ping');
      await read(fresh, block.length);
    }
  });
});
