/**
 * The lab's ports: a block of a hundred, held by a listener on its last one, so that two labs never mix. All lie below
 * the range from which systems draw the ports of outgoing connections; otherwise, while the server is down, one of its own
 * clients could be given the server's port.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { EncoreError } from '@encore/kit';

const firstBlock = 8_000;
const blockSize = 100;
const blocks = 200;
const lockOffset = 99;

/** Offsets in the block. The first block has the ports that the documentation names: 8000, 8001, 8080. */
const offsets = {
  clientLink: 0,
  health: 1,
  chaos: 11,
  loadgen: 12,
  server: 20,
  postgres: 32,
  databaseLink: 33,
  toxiproxy: 74,
  page: 80,
} as const;

export type Ports = Readonly<Record<keyof typeof offsets, number>>;

export interface HeldPorts extends AsyncDisposable {
  readonly ports: Ports;
}

export async function holdPorts(): Promise<HeldPorts> {
  for (let block = 0; block < blocks; block += 1) {
    const base = firstBlock + block * blockSize;
    const lock = await listen(base + lockOffset);
    if (!lock) continue;
    const numbers = Object.entries(offsets).map(([name, offset]) => [name, base + offset] as const);
    if (await allFree(numbers.map(([, port]) => port)))
      return { ports: Object.fromEntries(numbers) as Ports, [Symbol.asyncDispose]: () => close(lock) };
    await close(lock);
  }
  throw new EncoreError(
    'NO_PORTS',
    `no block of free ports between ${firstBlock} and ${firstBlock + blocks * blockSize}`,
  );
}

async function allFree(ports: readonly number[]): Promise<boolean> {
  for (const port of ports) {
    const server = await listen(port);
    if (!server) return false;
    await close(server);
  }
  return true;
}

async function listen(port: number): Promise<Server | null> {
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen({ port, host: '127.0.0.1', exclusive: true });
    await once(server, 'listening');
    return server;
  } catch {
    return null;
  }
}

function close(server: Server): Promise<void> {
  return new Promise((done) => server.close(() => done()));
}
