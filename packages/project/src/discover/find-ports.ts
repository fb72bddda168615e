/** Finds the ports on which each service listens, each with every place that names it. */
import type { Probe } from '@encore/contracts';
import { ownValue } from '@encore/kit';
import {
  type ComposeProject,
  imageName,
  namespaceOwner,
  parseExpose,
  type Service,
  shortImage,
} from '../compose/compose-model.ts';
import { type Call, ownHealthAddresses } from './find-calls.ts';
import { programOf, runsClient, runsShell } from './programs.ts';
import type { ProjectFacts } from './project-facts.ts';
import type { Protocol } from './protocols.ts';
import { knownPorts, probeOf, usualPorts } from './usual-ports.ts';

export interface FoundPort {
  /** Service that owns the network namespace, whose name clients use. */
  service: string;
  port: number;
  /** Where it was found, such as `ports 8080:80`. */
  sources: string[];
  probe: Probe;
  /** The probe is `none` because nothing is known of the port; it may well be HTTP. */
  isUnknown: boolean;
  /** Whether the user's project publishes it. */
  published: boolean;
}

export interface FoundPorts {
  tcp: FoundPort[];
  /** By service. */
  udp: Record<string, number[]>;
}

export function findPorts(project: ComposeProject, facts: ProjectFacts, calls: readonly Call[]): FoundPorts {
  const tcp = new Map<string, FoundPort>();
  const udp: Record<string, number[]> = {};
  const protocols = protocolsAt(project, calls);
  const add = (name: string, port: number, source: string, protocol = 'tcp', published = false): void => {
    const service = namespaceOwner(project, name);
    const from = service === name ? source : `${source} (shares the network of ${service})`;
    if (protocol === 'udp') udp[service] = [...new Set([...(ownValue(udp, service) ?? []), port])];
    if (protocol !== 'tcp') return;
    const id = `${service}:${port}`;
    const probe = probeOf(port, project.services[name]?.image ?? '', protocols.get(id) ?? new Set());
    const isUnknown = probe === undefined;
    const found = tcp.get(id) ?? { service, port, sources: [], probe: probe ?? 'none', isUnknown, published: false };
    if (!found.sources.includes(from)) found.sources.push(from);
    found.published ||= published;
    tcp.set(id, found);
  };
  for (const [name, service] of Object.entries(project.services)) {
    for (const { target, published, protocol } of service.ports ?? [])
      add(name, target, `ports ${published === undefined ? '' : `${published}:`}${target}`, protocol, true);
    for (const exposed of service.expose ?? []) addExposed(exposed, `expose ${exposed}`);
    for (const { port, path, protocol } of ownHealthAddresses(name, service))
      add(name, port, protocol === 'http' ? `healthcheck ${path} at port ${port}` : `healthcheck at port ${port}`);
    for (const [label, value] of Object.entries(service.labels ?? {}))
      if (/^traefik\..*loadbalancer\.server\.port$/.test(label)) add(name, Number(value), `label ${label}`);
    if (runsServerOfImage(name, service, calls)) {
      const image = facts.images[imageName(project, name, service)];
      for (const exposed of image?.exposed ?? [])
        addExposed(exposed, `EXPOSE of the image ${service.image ?? 'built here'}`);
      for (const { path, text } of facts.dockerfiles.filter((file) => file.service === name))
        for (const exposed of exposedIn(text)) addExposed(exposed, `EXPOSE in ${path}`);
    }
    function addExposed(exposed: string, source: string): void {
      const { ports, protocol } = parseExpose(exposed);
      for (const port of ports) add(name, port, source, protocol);
    }
  }
  for (const { to, port, source } of calls) if (port !== null) add(to, port, source);
  for (const [name, service] of Object.entries(project.services)) {
    // A guess from the image's name; a local image has EXPOSE, which is more reliable.
    const { image = '' } = service;
    const isHere = facts.images[imageName(project, name, service)] !== undefined;
    if (isHere || !runsServerOfImage(name, service, calls)) continue;
    const owner = namespaceOwner(project, name);
    const known = knownPorts(image);
    // Another port shows that it is configured to listen elsewhere.
    const isElsewhere = [...tcp.values()].some(
      (found) => found.service === owner && !known.some(({ port }) => port === found.port),
    );
    const usual = isElsewhere ? [] : usualPorts(image);
    for (const { port } of usual)
      add(name, port, `${usual.length === 1 ? 'the' : 'a'} usual port of ${shortImage(image)}`);
  }
  const order = Object.keys(project.services);
  const listening = [...tcp.values()].filter((found) => !isOfAnotherCommand(found, project, calls));
  return {
    tcp: listening.sort((a, b) => order.indexOf(a.service) - order.indexOf(b.service) || a.port - b.port),
    udp,
  };
}

/**
 * Whether only EXPOSE names the port, and the image is that of another service which is in use, but
 * runs another command: a worker is often built from the image of an API and listens on no port.
 */
function isOfAnotherCommand(
  { service: name, sources, published }: FoundPort,
  { services }: ComposeProject,
  calls: readonly Call[],
): boolean {
  const isCalled = (one: string): boolean => calls.some(({ to }) => to === one);
  if (published || isCalled(name) || sources.some((source) => !source.startsWith('EXPOSE '))) return false;
  const own = services[name];
  return Object.entries(services).some(
    ([other, service]) =>
      other !== name &&
      own !== undefined &&
      imageOf(service) === imageOf(own) &&
      commandOf(service) !== commandOf(own) &&
      (isCalled(other) || (service.ports ?? []).length > 0),
  );
}

const imageOf = ({ image, build }: Service): string => JSON.stringify(build ?? image);
const commandOf = ({ command, entrypoint }: Service): string => JSON.stringify([entrypoint, command]);

/** What clients speak, by `service:port`. */
function protocolsAt(project: ComposeProject, calls: readonly Call[]): Map<string, Set<Protocol>> {
  const all = new Map<string, Set<Protocol>>();
  const add = (service: string, port: number | null, protocol: Protocol | undefined): void => {
    const id = `${service}:${port}`;
    if (protocol !== undefined) all.set(id, (all.get(id) ?? new Set()).add(protocol));
  };
  for (const { to, port, protocol } of calls) add(to, port, protocol);
  for (const [name, service] of Object.entries(project.services))
    for (const { port, protocol } of ownHealthAddresses(name, service))
      add(namespaceOwner(project, name), port, protocol);
  return all;
}

/**
 * False for a job that borrows the image of a server: `image: postgres` with `command: psql`. A
 * shell or a script may start the server in the end; that others call it shows that it does.
 */
function runsServerOfImage(name: string, service: Service, calls: readonly Call[]): boolean {
  const isOther = runsClient(service) || runsShell(service);
  if (!isOther && !programOf(service).endsWith('.sh')) return true;
  return calls.some(({ to, source }) => to === name && !(isOther && source.startsWith('depends_on')));
}

/** The ports in the EXPOSE lines of a Dockerfile, without those that are variables. */
function exposedIn(dockerfile: string): string[] {
  return [...dockerfile.matchAll(/^\s*EXPOSE\s+(.+)$/gim)].flatMap(([, list = '']) =>
    list.split(/\s+/).filter((one) => /^\d+(-\d+)?(\/(tcp|udp))?$/.test(one)),
  );
}
