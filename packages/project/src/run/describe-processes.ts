/**
 * The system description of processes: what chaos and the orchestrator read. A pure function of
 * encore.yaml, the addresses that the run chose, and the kinds that this machine cannot inject.
 */
import type { KindReasons, System } from '@encore/contracts';
import { mapHealth, ownValue, upstreamOf } from '@encore/kit';
import type { ProcessSystem } from '../encore-file/process-system.ts';
import { allowedOn, impossibleOnProcess, impossibleOnProxy } from './applicable-kinds.ts';
import type { DescribedSystem } from './describe-system.ts';

export interface ProcessAddresses {
  /** URL of the API of the proxy. */
  proxyApi: string;
  /** By name of a proxy: the port on which it listens, and the one to which it leads. */
  ports: Readonly<Record<string, { listen: number; upstream: number }>>;
}

/** The container that runs all proxies. User-defined names do not begin with `encore-`. */
export const proxyRunner = 'encore-toxiproxy';

/** For a plan, before a run has chosen addresses: each port as in encore.yaml. */
export function namedAddresses({ proxies }: ProcessSystem): ProcessAddresses {
  const ports = Object.keys(proxies).map((proxy) => {
    const port = portOf(proxy);
    return [proxy, { listen: port, upstream: port }] as const;
  });
  return { proxyApi: 'http://127.0.0.1:8474', ports: Object.fromEntries(ports) };
}

export const portOf = (proxy: string): number => Number(proxy.slice(upstreamOf(proxy).length + 1));

export function describeProcesses(
  { processes, proxies, entry, recoveryOf }: ProcessSystem,
  { proxyApi, ports }: ProcessAddresses,
  impossibleHere: KindReasons,
): DescribedSystem | { ok: false; problems: string[] } {
  const problems: string[] = [];
  const impossible: Record<string, KindReasons> = {};
  const restartPolicies: Record<string, string> = {};
  const system: System = { containers: {}, proxies: {}, entry, recoveryOf };
  for (const [name, process] of Object.entries(processes)) {
    const { allowedKinds: wanted, unsupported, health, crash, supervise, memoryBound } = process;
    const reasons = {
      ...impossibleHere,
      ...impossibleOnProcess({ ...process, isObserved: name === recoveryOf, isSupervised: supervise }),
      ...unsupported,
    };
    impossible[name] = reasons;
    restartPolicies[name] = process.restart;
    const allowed = allowedOn({ path: `system.processes.${name}`, target: name, wanted }, reasons);
    problems.push(...allowed.problems);
    system.containers[name] = {
      allowedKinds: allowed.kinds,
      unsupported: {},
      replicas: 1,
      crash,
      supervise,
      ...(memoryBound && { memoryBound }),
      ...(health && { health: mapHealth(health, (url) => localUrl(name, url, ports)) }),
    };
  }
  for (const [name, { allowedKinds: wanted, unsupported, probe }] of Object.entries(proxies)) {
    const reasons = { ...impossibleOnProxy(probe), ...unsupported };
    impossible[name] = reasons;
    const allowed = allowedOn({ path: `system.proxies.${name}`, target: name, wanted }, reasons);
    problems.push(...allowed.problems);
    const { listen, upstream } = ports[name] ?? { listen: 0, upstream: 0 };
    system.proxies[name] = {
      allowedKinds: allowed.kinds,
      unsupported: {},
      runsIn: proxyRunner,
      listen: local(listen),
      upstream: local(upstream),
      probe,
    };
  }
  system.containers[proxyRunner] = { allowedKinds: [], unsupported: {}, replicas: 1, proxyApi };
  return problems.length > 0 ? { ok: false, problems } : { ok: true, system, impossible, restartPolicies };
}

/** The loopback address of a port. */
export const local = (port: number): string => `127.0.0.1:${port}`;

/** A health URL leads to the process itself, bypassing its proxy. */
function localUrl(name: string, text: string, ports: ProcessAddresses['ports']): string {
  const { port, pathname, search } = new URL(text);
  const number = port === '' ? 80 : Number(port);
  const upstream = ownValue(ports, `${name}:${number}`)?.upstream ?? number;
  return `http://${local(upstream)}${pathname}${search}`;
}
