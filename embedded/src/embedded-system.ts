/** The description of the bundled system on this runtime: other addresses, and fewer kinds. */
import {
  type KindReasons,
  type System,
  type SystemContainer,
  type SystemProxy,
  unsupportedOn,
} from '@encore/contracts';
import { EncoreError, mapHealth, mapValues } from '@encore/kit';
import { writableGroups } from './engine/open-limit-group.ts';
import type { Ports } from './ports.ts';

/** What processes lack, with the reason that preflight and the report print. */
const noContainer = {
  'stress-helper': 'needs a container with the stress helper in its image; use Docker',
  networks: 'needs a container with its own network; use Docker',
};
const noLimits = 'this machine has no control group that the lab can write to, so it cannot limit memory or CPU';

/** Kinds that this machine does not support, with the reasons; does not start the lab. */
export function unsupportedHere(): KindReasons {
  return unsupportedOn('container', {
    ...noContainer,
    ...(writableGroups(process.pid) === null && { 'memory-limit': noLimits, 'cpu-limit': noLimits }),
  });
}

/** Port of this lab by the address that system.yaml has for it. */
const portNames: Readonly<Record<string, keyof Ports>> = {
  '0.0.0.0:8000': 'serverProxy',
  'server:8000': 'server',
  'server:8001': 'health',
  '0.0.0.0:5432': 'postgresProxy',
  'postgres:5432': 'postgres',
  'toxiproxy-api:8474': 'toxiproxy',
};

export function embeddedSystem(bundled: System, ports: Ports, unsupported: KindReasons): System {
  const local = (address: string): string => {
    const name = portNames[address];
    if (name === undefined) throw new EncoreError('INVALID_SYSTEM', `the embedded lab has no port for ${address}`);
    return `127.0.0.1:${ports[name]}`;
  };
  const localUrl = (url: string): string => {
    const { host, pathname } = new URL(url);
    return `http://${local(host)}${pathname}`;
  };
  const reduced = <Part extends SystemContainer | SystemProxy>(part: Part): Part => {
    const impossible = part.allowedKinds.filter((kind) => kind in unsupported);
    return { ...part, unsupported: Object.fromEntries(impossible.map((kind) => [kind, unsupported[kind]])) };
  };
  const container = ({ health, proxyApi, ...rest }: SystemContainer): SystemContainer => ({
    ...reduced(rest),
    ...(health && { health: mapHealth(health, localUrl) }),
    ...(proxyApi && { proxyApi: localUrl(proxyApi) }),
  });
  const proxy = (part: SystemProxy): SystemProxy => ({
    ...reduced(part),
    listen: local(part.listen),
    upstream: local(part.upstream),
  });
  return {
    ...bundled,
    containers: mapValues(bundled.containers, container),
    proxies: mapValues(bundled.proxies, proxy),
  };
}
