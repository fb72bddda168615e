/**
 * The sidecar of a target: a Toxiproxy that takes over everything by which other containers and
 * the host reach the target, so that every connection to a listed port passes through it.
 */
import type { Attachment, Port, Service } from '../compose/compose-model.ts';
import { labels, runLabels } from './labels.ts';

export interface SidecarOptions {
  /** Name of the service in the user's project, which the sidecar takes over. */
  service: string;
  /** The TCP ports that it proxies, at least one. */
  ports: readonly number[];
  image: string;
  runId: string;
  controlNetwork: string;
  /** Name of the sidecar on the control network. */
  controlAlias: string;
}

/**
 * Docker's client passes the proxies of ~/.docker/config.json to every container. The health check
 * must reach Toxiproxy without them.
 */
const withoutProxies = Object.fromEntries(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].flatMap((name) => [
    [name, ''],
    [name.toLowerCase(), ''],
  ]),
);

const memoryBytes = 128 * 1024 * 1024;

export function sidecarOf(original: Service, options: SidecarOptions): Service {
  const { service, ports, controlAlias } = options;
  const apiPort = freePort(8_474, ports);
  const api = `http://${controlAlias}:${apiPort}`;
  const names = namesOf(original).filter((name) => name !== service);
  const networks = Object.entries(original.networks ?? {}).map(([network, attachment]) => [
    network,
    takenOver(attachment, names),
  ]);
  const published = publishedLocally(original.ports, (port) => isProxied(port, ports));
  return {
    image: options.image,
    // This name resolves to an address of the control network only, so the API listens on no
    // network of the project.
    command: [`-host=${controlAlias}`, `-port=${apiPort}`, '-proxy-metrics'],
    environment: { ...withoutProxies, LOG_LEVEL: 'warn', GOMEMLIMIT: `${memoryBytes / 2 / 1024 / 1024}MiB` },
    networks: { ...Object.fromEntries(networks), [options.controlNetwork]: { aliases: [controlAlias] } },
    ...(published.length > 0 && { ports: published }),
    ...(original.profiles && { profiles: original.profiles }),
    restart: 'always',
    stop_grace_period: '2s',
    read_only: true,
    cap_drop: ['ALL'],
    cap_add: ['NET_BIND_SERVICE'],
    security_opt: ['no-new-privileges:true'],
    mem_limit: String(memoryBytes),
    memswap_limit: String(memoryBytes),
    // Fails until the chaos service, once it runs, has created the proxies.
    healthcheck: {
      test: ['CMD', '/toxiproxy-cli', '-h', api, 'inspect', `${service}:${ports[0]}`],
      interval: '15s',
      timeout: '3s',
      retries: 3,
      start_period: '600s',
      start_interval: '500ms',
    },
    labels: {
      ...runLabels(options.runId),
      [labels.target]: controlAlias,
      [labels.sidecarOf]: service,
      [labels.sidecarApi]: api,
    },
  };
}

/**
 * What stays with a target that has a sidecar. It keeps its networks, so that its own outgoing
 * connections work as before. Engine 25 and later publish `hostname` as a DNS name, which would
 * bypass the sidecar, so it becomes the new name.
 */
export function behindSidecar(original: Service, name: string, ports: readonly number[]): Partial<Service> {
  const networks = Object.entries(original.networks ?? {}).map(([network, attachment]) => {
    const { aliases: _aliases, ipv4_address: _v4, ipv6_address: _v6, link_local_ips: _ips, ...rest } = attachment ?? {};
    return [network, rest];
  });
  const published = publishedLocally(original.ports, (port) => !isProxied(port, ports));
  return {
    networks: Object.fromEntries(networks),
    ...(original.hostname !== undefined && { hostname: name }),
    ...(published.length > 0 && { ports: published }),
  };
}

/** A service without a sidecar keeps its names; the dropped `container_name` becomes an alias. */
export function withoutSidecar({ networks, container_name, ports }: Service): Partial<Service> {
  const attached = Object.entries(networks ?? {}).map(([network, attachment]) => {
    const aliases = [...new Set([...(attachment?.aliases ?? []), ...(container_name ? [container_name] : [])])];
    return [network, { ...attachment, ...(aliases.length > 0 && { aliases }) }];
  });
  return {
    ...(networks && { networks: Object.fromEntries(attached) }),
    ...(ports && { ports: publishedLocally(ports, () => true) }),
  };
}

function takenOver(attachment: Attachment | null, names: readonly string[]): Attachment {
  const { aliases = [], ipv4_address, ipv6_address, link_local_ips } = attachment ?? {};
  const all = [...new Set([...aliases, ...names])];
  return {
    ...(all.length > 0 && { aliases: all }),
    ...(ipv4_address !== undefined && { ipv4_address }),
    ...(ipv6_address !== undefined && { ipv6_address }),
    ...(link_local_ips !== undefined && { link_local_ips }),
  };
}

/** Names of a container besides its service's name and its aliases. */
function namesOf({ container_name, hostname, domainname }: Service): string[] {
  const full = hostname !== undefined && domainname ? [`${hostname}.${domainname}`] : [];
  return [container_name, hostname, ...full].filter((name) => name !== undefined);
}

/**
 * Publishes ports on 127.0.0.1. The engine chooses the port of the host, because the user's own
 * stack may use the original one.
 */
function publishedLocally(ports: readonly Port[] | undefined, filter: (port: Port) => boolean): Port[] {
  const local = (ports ?? []).filter(filter).map(({ published: _, ...port }) => ({ ...port, host_ip: '127.0.0.1' }));
  // The same port published twice needs one port of the host.
  const seen = new Set<string>();
  return local.filter(({ target, protocol }) => {
    const id = `${target}/${protocol}`;
    return !seen.has(id) && seen.add(id);
  });
}

const isProxied = ({ target, protocol }: Port, ports: readonly number[]): boolean =>
  protocol === 'tcp' && ports.includes(target);

function freePort(first: number, taken: readonly number[]): number {
  let port = first;
  while (taken.includes(port)) port++;
  return port;
}
