/**
 * Finds which containers connect to each proxied port, and whether through its proxy: a client that
 * connects to the target's own address bypasses all network faults. The kernel's connection tables
 * show this, even for connections that ended in the last minute. They are readable in the process
 * namespace of the engine's host.
 */
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { runsProxies, upstreamOf, withoutNumber } from '@encore/kit';
import { type ContainerView, label } from './engine.ts';
import type { Targets } from './targets.ts';

export interface Connection {
  localPort: number;
  remote: string;
  remotePort: number;
}

/** The TCP connections of a container; null if they are not visible from here. */
export type ReadConnections = (container: Pick<ContainerView, 'id' | 'pid'>) => Promise<Connection[] | null>;

export interface ProxyUse {
  proxy: string;
  client: string;
  /** Whether it bypasses the proxy. */
  direct: boolean;
}

export interface Connected {
  view: ContainerView;
  connections: readonly Connection[];
}

/** A client without a container of this project, such as one on the host. */
const outside = 'a client outside of the project';

export const readConnections: ReadConnections = async ({ id, pid }) => {
  // A process id means nothing in another namespace, and the kernel reuses that of a dead process.
  const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  if (pid === 0 || !groups.includes(id)) return null;
  const tables = ['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8').catch(() => ''));
  return (await Promise.all(tables)).flatMap(connectionsIn);
};

/** Rows without a remote port are listeners. */
export function connectionsIn(table: string): Connection[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', remote = ''] = line.trim().split(/\s+/);
      const remotePort = portOf(remote);
      return remotePort > 0 ? [{ localPort: portOf(local), remote: addressOf(remote), remotePort }] : [];
    });
}

const portOf = (text: string): number => Number.parseInt(text.split(':')[1] ?? '0', 16);

/** The kernel writes each four bytes of an address in the order of this machine, little-endian. */
function addressOf(text: string): string {
  const words = (text.split(':')[0] ?? '').match(/.{8}/g) ?? [];
  const bytes = words.map((word) => (word.match(/../g) ?? []).reverse());
  const last = (bytes.at(-1) ?? []).map((byte) => Number.parseInt(byte, 16)).join('.');
  const isMapped = words.length === 4 && /^0{16}ffff0000/i.test(words.slice(0, 3).join(''));
  if (words.length === 1 || isMapped) return last;
  const groups = bytes.flatMap(([a, b, c, d]) => [`${a}${b}`, `${c}${d}`]);
  return canonical(groups.join(':'));
}

/** Normalizes the spelling of an IPv6 address. */
const canonical = (address: string): string =>
  isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;

/** By address, the container that has it. */
export function ownersOf(all: readonly Connected[]): Map<string, ContainerView> {
  return new Map(all.flatMap(({ view }) => view.addresses.map((address) => [canonical(address), view] as const)));
}

/** Each use of a proxied port that the tables show. */
export function usesOf(
  all: readonly Connected[],
  targets: Pick<Targets, 'system' | 'nameOf'>,
  owners: ReadonlyMap<string, ContainerView> = ownersOf(all),
): ProxyUse[] {
  const { system } = targets;
  /** The proxy that a connection to this port of the container uses, or bypasses. */
  const served = (view: ContainerView, port: number): Omit<ProxyUse, 'client'>[] =>
    Object.entries(system.proxies).flatMap(([proxy, { runsIn, listen, upstream }]) => {
      const name = targets.nameOf(view);
      const direct = withoutNumber(name) === upstreamOf(proxy);
      if (!direct && name !== runsIn) return [];
      return port === lastPort(direct ? upstream : listen) ? [{ proxy, direct }] : [];
    });
  const uses = all.flatMap(({ view, connections }) =>
    connections.flatMap(({ localPort, remote, remotePort }) => {
      const peer = owners.get(remote);
      return [
        ...served(view, localPort).flatMap((use) => usedBy(peer, use)),
        ...(peer === undefined ? [] : served(peer, remotePort).flatMap((use) => usedBy(view, use))),
      ];
    }),
  );
  return [...new Map(uses.map((use) => [JSON.stringify(use), use])).values()];

  function usedBy(client: ContainerView | undefined, use: Omit<ProxyUse, 'client'>): ProxyUse[] {
    // An unknown address may be a previous one of a sidecar, so it does not prove a bypass.
    if (client === undefined) return use.direct ? [] : [{ ...use, client: outside }];
    const name = targets.nameOf(client);
    const part = client.labels[label.lab];
    const isUser = part === undefined ? !runsProxies(system, name) : part === 'loadgen';
    const isItself = use.direct && withoutNumber(name) === upstreamOf(use.proxy);
    return isUser && !isItself ? [{ ...use, client: name }] : [];
  }
}

const lastPort = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1));
