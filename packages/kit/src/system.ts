/** Answers questions about a system description, or about the part of it that a plan contains. */
import type { FaultKind, PlannedSystem, System, SystemHealth, Target } from '@encore/contracts';
import { EncoreError } from './encore-error.ts';

type Containers = Pick<PlannedSystem, 'containers'>;
type Proxies = Pick<PlannedSystem, 'proxies'>;

/** Only the name of a proxy contains a port. */
export const isProxy = (target: Target): boolean => target.includes(':');

/** Name of the container of the description, without the number of a replica. */
export const withoutNumber = (target: Target): string => target.replace(/#\d+$/, '');

/** The names of a container's replicas: its own with one, else `api#1`, `api#2`, ... */
export function replicasOf({ containers }: Containers, container: string): Target[] {
  const { replicas = 1 } = ownValue(containers, container) ?? {};
  return replicas === 1 ? [container] : Array.from({ length: replicas }, (_, index) => `${container}#${index + 1}`);
}

/** The container whose recovery is judged; the first of its replicas. */
export function firstReplica(system: Containers & Pick<PlannedSystem, 'recoveryOf'>): Target {
  return replicasOf(system, system.recoveryOf)[0] ?? system.recoveryOf;
}

/** The names of all containers as they appear in the history. */
export const containerNames = (system: Containers): Target[] =>
  Object.keys(system.containers).flatMap((name) => replicasOf(system, name));

/** The container that a proxy leads to. */
export const upstreamOf = (proxy: string): string => proxy.slice(0, proxy.lastIndexOf(':'));

/** Own properties only: `constructor` is a valid name of a container. */
export function ownValue<Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** The container that runs a target: for a proxy, the one that runs Toxiproxy. */
export function containerOf({ proxies }: Proxies, target: Target): string {
  return ownValue(proxies, target)?.runsIn ?? target;
}

/** True for a container that runs Toxiproxy, which Encore itself restarts. */
export function runsProxies({ proxies }: Proxies, container: string): boolean {
  return Object.values(proxies).some(({ runsIn }) => runsIn === container);
}

/** Whether the supervisor starts a target if nothing else does. */
export function isSupervised({ containers }: Containers, target: Target): boolean {
  return ownValue(containers, withoutNumber(target))?.supervise !== false;
}

/** All targets that allow the kind, containers first. */
export function targetsAllowing({ containers, proxies }: Containers & Proxies, kind: FaultKind): Target[] {
  return Object.entries({ ...containers, ...proxies })
    .filter(([, { allowedKinds }]) => allowedKinds.includes(kind))
    .map(([name]) => name);
}

/** Where each replica of the container whose recovery is judged reports its health. */
export function healthOf(system: System): Map<Target, SystemHealth> {
  const { containers, recoveryOf } = system;
  const health = containers[recoveryOf]?.health;
  if (health === undefined) throw new EncoreError('INVALID_SYSTEM', `containers.${recoveryOf}.health: is missing`);
  return new Map(
    replicasOf(system, recoveryOf).map((name, index) => [
      name,
      mapHealth(health, (url) => url.replaceAll('{n}', String(index + 1))),
    ]),
  );
}

/** The same health URLs, each replaced by what `map` returns for it. */
export const mapHealth = ({ ready, live, detail }: SystemHealth, map: (url: string) => string): SystemHealth => ({
  ready: map(ready),
  ...(live && { live: map(live) }),
  ...(detail && { detail: map(detail) }),
});

/** The readiness URLs of all replicas of the container whose recovery is judged. */
export const readyUrls = (system: System): string[] => Array.from(healthOf(system).values(), ({ ready }) => ready);

/** The part of the description that a plan contains: equal on every runtime. */
export function plannedSystem({ containers, proxies, entry, recoveryOf }: System): PlannedSystem {
  return {
    containers: mapValues(containers, ({ allowedKinds, replicas, memoryBound, supervise }) => ({
      allowedKinds,
      replicas,
      // Missing rather than undefined, so that it equals what was read from JSON.
      ...(memoryBound === undefined ? {} : { memoryBound }),
      ...(supervise === undefined ? {} : { supervise }),
    })),
    proxies: mapValues(proxies, ({ allowedKinds, runsIn }) => ({ allowedKinds, runsIn })),
    entry,
    recoveryOf,
  };
}

export function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
