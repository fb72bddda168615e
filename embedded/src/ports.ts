/**
 * The lab's ports: a block of a hundred, reserved by a listener on its last port so that two labs
 * never share a block. A port that the user chose replaces the one from the block.
 *
 * All blocks lie below the ephemeral port range. Otherwise one of the server's clients could get
 * the server's port for an outgoing connection while the server is down.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { EncoreError } from '@encore/kit';

const firstBlock = 8_000;
const blockSize = 100;
const blocks = 200;
const lockOffset = 99;
/** Long enough for a busy machine. */
const connectTimeoutMs = 10_000;

/** Offsets in a block of the ports that every lab has. */
export const labOffsets = { chaos: 11, loadgen: 12, toxiproxy: 74, page: 80 } as const;

export type LabPorts = Readonly<Record<keyof typeof labOffsets, number>>;

/** Of the bundled lab. The first block has the documented ports: 8000, 8001, 8080. */
export const bundledOffsets = {
  ...labOffsets,
  serverProxy: 0,
  health: 1,
  server: 20,
  postgres: 32,
  postgresProxy: 33,
} as const;

export type Ports = Readonly<Record<keyof typeof bundledOffsets, number>>;

/** Ports chosen by the user, by the variable that publishes the same port in Compose. */
export type ChosenPorts = Partial<Ports>;

const variables: Readonly<Record<string, keyof Ports>> = {
  ENCORE_PORT_SERVER: 'serverProxy',
  ENCORE_PORT_HEALTH: 'health',
  ENCORE_PORT_PAGE: 'page',
};

/**
 * Reads the ports chosen by the user. A default port in `.env` does not count: the file is part of
 * the checkout, and the embedded lab moves to another port when the default is taken. `given` is
 * the environment without that file.
 */
export function chosenPorts(env: NodeJS.ProcessEnv, given: NodeJS.ProcessEnv): ChosenPorts {
  const chosen = Object.entries(variables).flatMap(([variable, name]) => {
    const port = Number(env[variable] || 0);
    const isDefault = port === firstBlock + bundledOffsets[name];
    return port === 0 || (isDefault && !given[variable]) ? [] : [[name, port] as const];
  });
  return Object.fromEntries(chosen);
}

export interface HeldPorts<Name extends string> extends AsyncDisposable {
  readonly ports: Readonly<Record<Name, number>>;
}

/**
 * Reserves the chosen ports and a free block for the rest, which avoids the ports that others will
 * use. Throws PORT_TAKEN for a port that is in use or chosen twice.
 */
export async function holdPorts<Name extends string>(
  offsets: Readonly<Record<Name, number>>,
  chosen: Partial<Record<Name, number>> = {},
  usedByOthers: readonly number[] = [],
): Promise<HeldPorts<Name>> {
  if (!(await hasLoopback()))
    throw new EncoreError(
      'NO_PORTS',
      'programs cannot connect to each other on 127.0.0.1. Bring the loopback interface up with this address, for example with "ip link set lo up"',
    );
  await checkChosen(chosen);
  const avoided = [...Object.values<number | undefined>(chosen), ...usedByOthers];
  for (let block = 0; block < blocks; block += 1) {
    const base = firstBlock + block * blockSize;
    const lock = await listen(base + lockOffset);
    if (!lock) continue;
    const rest = Object.entries<number>(offsets).filter(([name]) => chosen[name as Name] === undefined);
    const numbers = rest.map(([name, offset]) => [name, base + offset] as const);
    const free = await allFree(numbers.map(([, port]) => port));
    if (free && !numbers.some(([, port]) => avoided.includes(port)))
      return {
        ports: { ...Object.fromEntries(numbers), ...chosen } as Record<Name, number>,
        [Symbol.asyncDispose]: () => close(lock),
      };
    await close(lock);
  }
  throw new EncoreError(
    'NO_PORTS',
    `found no block of free ports between ${firstBlock} and ${firstBlock + blocks * blockSize}. Stop another lab, or free a block of 100 ports`,
  );
}

async function checkChosen(chosen: Readonly<Record<string, number | undefined>>): Promise<void> {
  const by = new Map<number, string>();
  for (const [variable, name] of Object.entries(variables)) {
    const port = chosen[name];
    if (port === undefined) continue;
    const other = by.get(port);
    if (other !== undefined)
      throw new EncoreError('PORT_TAKEN', `${variable} and ${other}: both are ${port}; give each its own port`);
    by.set(port, variable);
    if (!(await allFree([port])))
      throw new EncoreError(
        'PORT_TAKEN',
        `${variable}: port ${port} cannot be used: it is in use or requires elevated privileges. Choose a free one, or unset the variable to let the lab choose`,
      );
  }
}

/** Whether a process of this machine could listen on each of them. */
export async function allFree(ports: readonly number[]): Promise<boolean> {
  for (const port of ports) {
    const server = await listen(port);
    if (!server) return false;
    await close(server);
  }
  return true;
}

/** False where the interface is down, so that nobody can connect, or lacks the address. */
async function hasLoopback(): Promise<boolean> {
  const server = await listen(0);
  if (!server) return false;
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(connectTimeoutMs) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
    await close(server);
  }
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
