/** Finds which service calls which, and at which port, in everything that configures a service. */
import {
  type ComposeProject,
  namesOf,
  namespaceOwner,
  referenced,
  type Service,
  unescapeDollars,
} from '../compose/compose-model.ts';
import type { ServiceText } from './project-facts.ts';
import { type Protocol, protocolAround, schemeOf } from './protocols.ts';
import { isDataStore } from './usual-ports.ts';

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
  /** What the caller speaks there, if that is known. */
  protocol?: Protocol;
}

/**
 * A host with what may surround it: scheme, user and password, port, path. The text after a port
 * must not continue a version such as `mongo:4.2.0`.
 */
const addressPattern =
  /(?:([a-z][a-z0-9+-]*):\/\/)?(?:[^\s/@,;"'=]*@)?(?<![\w.-])([A-Za-z0-9_][\w.-]*)(?::(\d{1,5})(?![\w-]|\.\d))?(\/[^\s"'`,;)\]}]*)?/g;
const hostVariable = /(host(name)?|server|addr(ess)?|url|uri|endpoint|broker|peer|upstream|node)s?$/i;
const replicaVariable = /master|primary|source|leader|replica|sentinel/i;
/** `redis:7` is the tag of an image; servers listen below 80 on few ports. */
const lowPorts = new Set([21, 22, 25, 53]);

export function findCalls(project: ComposeProject, mounted: readonly ServiceText[]): Call[] {
  const calls: Call[] = [];
  for (const [from, service] of Object.entries(project.services)) {
    const self = namespaceOwner(project, from);
    const hosts = hostsSeenBy(project, from, self);
    const add = (text: string, source: string) => calls.push(...callsIn(text, from, hosts, source));
    const { command, entrypoint, configs = [] } = service;
    // A database often has the environment of its clients (`env_file: .env`), and calls only the
    // one that it replicates.
    const isCalled = isDataStore(service.image ?? '');
    const { environment = {} } = service;
    for (const [name, raw] of Object.entries(environment)) {
      if (isCalled && !replicaVariable.test(name)) continue;
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
    for (const name of dependenciesOf(service)) {
      const to = namespaceOwner(project, name);
      if (to !== self) calls.push({ from, to, port: null, source: `depends_on of ${from}` });
    }
  }
  return unique(calls);
}

/**
 * The services that a service may call because it waits for them. It does not call a job that it
 * waits for, nor a service for which it waits because of a shared namespace or volume: Compose adds
 * such dependencies itself.
 */
function dependenciesOf({ depends_on = {}, network_mode, pid, ipc, volumes_from = [] }: Service): string[] {
  const joined = [network_mode, pid, ipc].map((mode) => referenced(mode, 'service'));
  const shared = [...joined, ...volumes_from.map((from) => from.split(':')[0])];
  return Object.entries(depends_on).flatMap(([name, { condition }]) =>
    condition === 'service_completed_successfully' || shared.includes(name) ? [] : [name],
  );
}

export interface HealthAddress {
  port: number;
  path: string;
  /** Undefined if the client of the health check is not known. */
  protocol: Protocol | undefined;
}

const httpClient = /\b(curl|wget|fetch|https?get|httpie)\b/;

/** The addresses that a service's own health check connects to: its own, with port and path. */
export function ownHealthAddresses(service: string, settings: Service): HealthAddress[] {
  const text = unescapeDollars((settings.healthcheck?.test ?? []).join(' '));
  const own = ['localhost', '127.0.0.1', '0.0.0.0', '[::1]', ...namesOf(service, settings)];
  const addresses = text.matchAll(
    /(?:([a-z][a-z0-9+-]*):\/\/)?(\[::1\]|(?<![\w.-])[A-Za-z0-9_][\w.-]*)(?::(\d{1,5}))?(\/[^\s"'|;&)]*)?/g,
  );
  return [...addresses].flatMap(([, name, host = '', digits, path = '/']) => {
    const scheme = name === undefined ? undefined : schemeOf(name);
    const port = digits === undefined ? scheme?.port : Number(digits);
    if (port === undefined || !own.includes(host)) return [];
    const protocol = scheme?.protocol ?? (httpClient.test(text) ? 'http' : undefined);
    return [{ port, path: path.replace(/[?#].*$/, '') || '/', protocol }];
  });
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
  for (const match of text.matchAll(addressPattern)) {
    const [, name, host = '', digits, path] = match;
    const to = hosts.get(host.toLowerCase());
    const scheme = name === undefined ? undefined : schemeOf(name);
    const port = digits === undefined ? scheme?.port : Number(digits);
    if (to === undefined || port === undefined || port > 65_535) continue;
    if (name === undefined && port < 80 && !lowPorts.has(port)) continue;
    const protocol = scheme === undefined ? protocolAround(text, match.index) : scheme.protocol;
    const isUrl = scheme?.protocol === 'http' && path !== undefined;
    yield {
      from,
      to,
      port,
      source,
      ...(isUrl && { path: path.replace(/[?#].*$/, '') }),
      ...(protocol !== undefined && { protocol }),
    };
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
