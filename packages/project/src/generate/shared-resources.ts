/**
 * Finds what a run would share with the user's machine and running stack: a run may change or
 * delete it, so each must be allowed by name in `system.allowShared`.
 */
import { relative, resolve } from 'node:path';
import {
  type ComposeProject,
  referenced,
  type Service,
  serviceOfContainer,
  type Volume,
} from '../compose/compose-model.ts';
import { inWords } from '../text.ts';

export interface AllowShared {
  /** Writable bind mounts, by path on the host. */
  bindMounts: readonly string[];
  /** External volumes, and volumes that are a folder, a device or a share. */
  volumes: readonly string[];
  /** External networks, networks on a host interface, and `host`. */
  networks: readonly string[];
  /** Containers outside the project. */
  containers: readonly string[];
}

export interface SharedResource {
  kind: keyof AllowShared;
  name: string;
  /** What uses it and how, for a message. */
  use: string;
  /** A sentence's beginning: what to change instead of allowing it. */
  instead?: string;
}

/** One use: `how` follows the name of the service, if there is one. */
type Use = Omit<SharedResource, 'use'> & { service?: string; how: string };

/**
 * Returns everything that is shared, allowed or not, each once, in the order of the project.
 * `folder` is the folder of encore.yaml.
 */
export function sharedResources(project: ComposeProject, folder: string): SharedResource[] {
  const all: Use[] = [];
  for (const [name, service] of Object.entries(project.services)) {
    all.push(...mountsOf(name, service, folder), ...namespacesOf(name, service, project));
  }
  for (const [key, volume] of Object.entries(project.volumes)) {
    if (volume.external) all.push({ kind: 'volumes', name: key, how: `volume ${key} is external` });
    else if (placeOf(volume) !== null)
      all.push({ kind: 'volumes', name: key, how: `volume ${key} is stored at ${placeOf(volume)}` });
  }
  for (const [key, { external, driver = 'bridge' }] of Object.entries(project.networks)) {
    if (external) all.push({ kind: 'networks', name: key, how: `network ${key} is external` });
    else if (driver === 'macvlan' || driver === 'ipvlan' || driver === 'host')
      all.push({ kind: 'networks', name: key, how: `network ${key} uses an interface of the host (${driver})` });
  }
  return merged(all);
}

/** One entry per thing that is shared, with all its uses. */
function merged(all: readonly Use[]): SharedResource[] {
  const byName = Map.groupBy(all, ({ kind, name }) => `${kind} ${name}`);
  return Array.from(byName.values(), (uses) => {
    const [{ kind, name, instead }] = uses as [Use];
    const byHow = Map.groupBy(uses, ({ how }) => how);
    const use = Array.from(byHow, ([how, alike]) => useText(how, alike)).join(' and ');
    return { kind, name, use, ...(instead === undefined ? {} : { instead }) };
  });
}

/** For example `service a uses the network of the host, as do b and c`. */
function useText(how: string, uses: readonly Use[]): string {
  const [first, ...others] = new Set(uses.flatMap(({ service }) => service ?? []));
  if (first === undefined) return how;
  const also = others.length === 0 ? '' : `, as ${others.length === 1 ? 'does' : 'do'} ${inWords(others)}`;
  return `service ${first} ${how}${also}`;
}

export function isAllowed({ kind, name }: SharedResource, allowed: AllowShared, folder: string): boolean {
  return allowed[kind].some((given) => given === name || (kind === 'bindMounts' && shownPath(folder, given) === name));
}

/** States what is shared, and what to do about it. */
export function sharedProblem({ kind, name, use, instead }: SharedResource): string {
  const allow = `add ${JSON.stringify(name)} to system.allowShared.${kind}`;
  const next = instead === undefined ? `To accept that, ${allow}` : `${instead}, or accept that: ${allow}`;
  return `${use}, so the run could change your own data. ${next}`;
}

/** Writes a path within the folder of encore.yaml relative to it, so that it fits any checkout. */
export function shownPath(folder: string, path: string): string {
  const inside = relative(folder, resolve(folder, path));
  if (inside === '') return '.';
  return inside.startsWith('..') ? resolve(folder, path) : `./${inside}`;
}

function mountsOf(service: string, { volumes = [] }: Service, folder: string): Use[] {
  return volumes.flatMap(({ type, source, target, read_only }): Use[] => {
    if (type !== 'bind' || source === undefined) return [];
    const name = shownPath(folder, source);
    // A read-only mount of a socket still allows every request.
    if (/\.sock$/.test(source)) return [{ kind: 'bindMounts', name, service, how: `mounts the socket ${name}` }];
    if (holdsEngineSocket.has(resolve(source)))
      return [{ kind: 'bindMounts', name, service, how: `mounts ${name}, which contains the engine's socket` }];
    if (read_only) return [];
    const how = `mounts ${name} writable at ${target}`;
    return [{ kind: 'bindMounts', name, service, how, instead: 'Make the mount read-only or use a named volume' }];
  });
}

const holdsEngineSocket = new Set(['/', '/run', '/var', '/var/run']);

function namespacesOf(name: string, service: Service, project: ComposeProject): Use[] {
  const shared: Omit<Use, 'service'>[] = [];
  if (service.use_api_socket) shared.push({ kind: 'bindMounts', name: 'use_api_socket', how: 'has use_api_socket' });
  if (service.network_mode === 'host')
    shared.push({ kind: 'networks', name: 'host', how: 'uses the network of the host' });
  const containers = [
    ...[service.network_mode, service.pid, service.ipc].map((mode) => referenced(mode, 'container')),
    ...(service.volumes_from ?? []).map((from) => referenced(from, 'container')?.replace(/:r[ow]$/, '')),
  ];
  for (const container of containers)
    if (container !== undefined && serviceOfContainer(project, container) === undefined)
      shared.push({ kind: 'containers', name: container, how: `uses the container ${container}` });
  for (const link of service.external_links ?? []) {
    const [container = link] = link.split(':');
    if (serviceOfContainer(project, container) === undefined)
      shared.push({ kind: 'containers', name: container, how: `is linked to the container ${container}` });
  }
  return shared.map((use) => ({ ...use, service: name }));
}

/** Where a volume keeps its data, if the engine does not manage that place; null if it does. */
function placeOf({ driver = 'local', driver_opts = {} }: Volume): string | null {
  if (driver_opts['type'] === 'tmpfs') return null;
  if (driver_opts['device'] !== undefined) return driver_opts['device'];
  return driver === 'local' ? null : `a location that the driver ${driver} chooses`;
}
