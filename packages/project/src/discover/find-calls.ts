/** Finds which service calls which, and at which port, in everything that configures a service. */
import { type ComposeProject, namespaceOwner, type Service, unescapeDollars } from '../compose/compose-model.ts';
import type { ServiceText } from './project-facts.ts';

export interface Call {
  /** Service that connects. */
  from: string;
  /** Service that owns the network namespace that it connects to. */
  to: string;
  /** Null if only the name is known. */
  port: number | null;
  /** Where this was found, such as `environment DB_URL of api`. */
  source: string;
  /** Path of an HTTP URL. */
  path?: string;
}

/** Default port of each URL scheme. */
const schemePorts: Readonly<Record<string, number>> = {
  http: 80,
  ws: 80,
  https: 443,
  wss: 443,
  postgres: 5432,
  postgresql: 5432,
  mysql: 3306,
  mariadb: 3306,
  redis: 6379,
  mongodb: 27017,
  amqp: 5672,
  nats: 4222,
  memcached: 11211,
};

/**
 * A host with what may surround it: scheme, user and password, port, path. The text after a port
 * must not continue a version such as `mongo:4.2.0`.
 */
const addressPattern =
  /(?:([a-z][a-z0-9+]*):\/\/)?(?:[^\s/@,;"'=]*@)?(?<![\w.-])([A-Za-z0-9_][\w.-]*)(?::(\d{1,5})(?![\w-]|\.\d))?(\/[^\s"'`,;)\]}]*)?/g;
const hostVariable = /(host(name)?|server|addr(ess)?|url|uri|endpoint|broker|peer|upstream|node)s?$/i;
/** `redis:7` is the tag of an image; servers listen below 80 on few ports. */
const lowPorts = new Set([21, 22, 25, 53]);

export function findCalls(project: ComposeProject, mounted: readonly ServiceText[]): Call[] {
  const calls: Call[] = [];
  for (const [from, service] of Object.entries(project.services)) {
    const self = namespaceOwner(project, from);
    const hosts = hostsSeenBy(project, from, self);
    const add = (text: string, source: string) => calls.push(...callsIn(text, from, hosts, source));
    const { environment = {}, command, entrypoint, configs = [], depends_on = {} } = service;
    for (const [name, raw] of Object.entries(environment)) {
      const value = unescapeDollars(raw ?? '');
      const source = `environment ${name} of ${from}`;
      const to = hosts.get(value.toLowerCase());
      if (to === undefined) add(value, source);
      else if (hostVariable.test(name)) calls.push({ from, to, ...portBeside(name, environment), source });
    }
    for (const text of [...(entrypoint ?? []), ...(command ?? [])]) add(unescapeDollars(text), `command of ${from}`);
    for (const { source } of configs)
      add(unescapeDollars(project.configs[source]?.content ?? ''), `config ${source} of ${from}`);
    for (const { path, text } of mounted.filter((file) => file.service === from)) add(text, `${path} of ${from}`);
    for (const name of Object.keys(depends_on)) {
      const to = namespaceOwner(project, name);
      if (to !== self) calls.push({ from, to, port: null, source: `depends_on of ${from}` });
    }
  }
  return unique(calls);
}

/** The HTTP URLs of a service's own health check: `localhost` with port and path. */
export function ownHealthUrls({ healthcheck }: Service): { port: number; path: string }[] {
  const text = unescapeDollars((healthcheck?.test ?? []).join(' '));
  const urls = text.matchAll(
    /(https?:\/\/)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d{1,5}))?(\/[^\s"'|;&)]*)?/g,
  );
  return [...urls].flatMap(([, scheme, port, path = '/']) =>
    scheme === undefined && port === undefined
      ? []
      : [{ port: Number(port ?? (scheme === 'https://' ? 443 : 80)), path: path.replace(/[?#].*$/, '') || '/' }],
  );
}

/** Maps each name in lower case to the service that `from` reaches by it, except itself. */
function hostsSeenBy({ services }: ComposeProject, from: string, self: string): Map<string, string> {
  const hosts = new Map<string, string>();
  const own = services[self]?.networks ?? {};
  for (const [name, service] of Object.entries(services)) {
    const { networks = {}, container_name, hostname } = service;
    const shared = Object.keys(networks).filter((network) => Object.hasOwn(own, network));
    if (shared.length === 0 || name === self) continue;
    const aliases = shared.flatMap((network) => networks[network]?.aliases ?? []);
    for (const host of [name, container_name, hostname, ...aliases])
      if (host !== undefined) hosts.set(host.toLowerCase(), name);
    const addresses = shared.flatMap((network) => [networks[network]?.ipv4_address, networks[network]?.ipv6_address]);
    for (const address of addresses) if (address !== undefined) hosts.set(address, name);
  }
  for (const link of services[from]?.links ?? []) {
    const [service = link, alias = service] = link.split(':');
    hosts.set(alias.toLowerCase(), service);
  }
  return hosts;
}

function* callsIn(text: string, from: string, hosts: ReadonlyMap<string, string>, source: string): Generator<Call> {
  for (const [, scheme, host = '', digits, path] of text.matchAll(addressPattern)) {
    const to = hosts.get(host.toLowerCase());
    const port = digits === undefined ? schemePorts[scheme ?? ''] : Number(digits);
    if (to === undefined || port === undefined || port > 65_535) continue;
    if (scheme === undefined && port < 80 && !lowPorts.has(port)) continue;
    const isHttp = scheme === 'http' || scheme === 'https';
    yield { from, to, port, source, ...(isHttp && path !== undefined && { path: path.replace(/[?#].*$/, '') }) };
  }
}

/** The port in `DB_PORT`, for `DB_HOST`. */
function portBeside(name: string, environment: Readonly<Record<string, string | null>>): { port: number | null } {
  const sibling = name.replace(/(host(name)?|server|addr(ess)?)s?$/i, (word) =>
    word === word.toLowerCase() ? 'port' : 'PORT',
  );
  const value = sibling === name ? undefined : environment[sibling];
  return { port: /^\d{1,5}$/.test(value ?? '') ? Number(value) : null };
}

/** Drops duplicates, and a name without a port if the same caller knows its port. */
function unique(calls: readonly Call[]): Call[] {
  const seen = new Set<string>();
  const known = new Set(calls.filter(({ port }) => port !== null).map(({ from, to }) => `${from} ${to}`));
  return calls.filter(({ from, to, port, source, path }) => {
    const id = JSON.stringify([from, to, port, port === null ? '' : source, path]);
    if (seen.has(id) || (port === null && known.has(`${from} ${to}`))) return false;
    seen.add(id);
    return true;
  });
}
