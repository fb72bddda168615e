/**
 * Cost of a proxy without toxics: the embedded proxy, Toxiproxy and a direct connection, in turn,
 * on loopback. Two figures each: throughput of one connection, and the median time of a small
 * request and its response. Has no limit; it shows that the embedded runtime does not slow its
 * users down. Fails without a Docker engine, which runs Toxiproxy.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Toxiproxy } from 'toxiproxy-node-client';
import { type RunningProxy, startEmbeddedProxy, startToxiproxy } from '../test/support/proxies.ts';
import { spreadOf } from './spread.ts';

const rounds = 5;
const bulkBytes = 512 * 1_048_576;
const chunk = Buffer.alloc(65_536, 1);
const trips = 5_000;
const question = Buffer.alloc(200, 2);

export async function benchProxyOverhead(print: (line: string) => void = console.log): Promise<{ ok: boolean }> {
  const server = createServer((socket) => void answer(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const port = (server.address() as AddressInfo).port;
    await using toxiproxy = await startToxiproxy();
    await using embedded = await startEmbeddedProxy();
    const ways = {
      direct: port,
      embedded: await linkTo(embedded, port),
      toxiproxy: await linkTo(toxiproxy, port),
    };
    const bulk = new Map<string, number[]>();
    const trip = new Map<string, number[]>();
    for (let round = 1; round <= rounds; round += 1) {
      for (const [name, way] of Object.entries(ways)) {
        add(bulk, name, await megabytesPerSecond(way));
        add(trip, name, await tripMicroseconds(way));
      }
    }
    const of = (figures: Map<string, number[]>, name: string): number => spreadOf(figures.get(name) ?? []).median;
    for (const name of Object.keys(ways))
      print(`${name}: ${of(bulk, name).toFixed(0)} MB/s, ${of(trip, name).toFixed(0)} µs for a request of 200 bytes`);
    const bulkRatio = of(bulk, 'embedded') / of(bulk, 'toxiproxy');
    const tripRatio = of(trip, 'embedded') / of(trip, 'toxiproxy');
    print(`embedded / Toxiproxy: ${bulkRatio.toFixed(2)} of its bytes per second, ${tripRatio.toFixed(2)} of its time`);
    return { ok: Number.isFinite(bulkRatio) && Number.isFinite(tripRatio) };
  } finally {
    server.close();
  }
}

/** Echoes a request; a request of one byte gets the bulk data. */
async function answer(socket: Socket): Promise<void> {
  socket.on('error', () => socket.destroy());
  socket.setNoDelay(true);
  const [first] = (await once(socket, 'data')) as [Buffer];
  if (first.length > 1) {
    socket.write(first);
    socket.pipe(socket);
    return;
  }
  for (let sent = 0; sent < bulkBytes && !socket.destroyed; sent += chunk.length)
    if (!socket.write(chunk)) await once(socket, 'drain').catch(() => undefined);
  socket.end();
}

async function linkTo(proxy: RunningProxy, port: number): Promise<number> {
  const upstream = `127.0.0.1:${port}`;
  const link = await new Toxiproxy(proxy.url).createProxy({ name: 'bench', listen: '127.0.0.1:0', upstream });
  return Number(link.listen.split(':').at(-1));
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  await once(socket, 'connect');
  return socket;
}

async function megabytesPerSecond(port: number): Promise<number> {
  const socket = await dial(port);
  let bytes = 0;
  socket.on('data', (part: Buffer) => {
    bytes += part.length;
  });
  const from = performance.now();
  socket.write('!');
  await once(socket, 'end');
  if (bytes !== bulkBytes) throw new Error(`${bytes} of ${bulkBytes} bytes came through port ${port}`);
  return bytes / 1e6 / ((performance.now() - from) / 1_000);
}

async function tripMicroseconds(port: number): Promise<number> {
  const socket = await dial(port);
  const took: number[] = [];
  for (let i = 0; i < trips; i += 1) {
    const from = performance.now();
    socket.write(question);
    for (let bytes = 0; bytes < question.length; ) bytes += ((await once(socket, 'data')) as [Buffer])[0].length;
    took.push((performance.now() - from) * 1_000);
  }
  socket.destroy();
  return spreadOf(took).median;
}

function add(figures: Map<string, number[]>, name: string, figure: number): void {
  figures.set(name, [...(figures.get(name) ?? []), figure]);
}
