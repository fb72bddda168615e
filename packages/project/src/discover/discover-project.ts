/** Everything that `encore init` finds in a project. */
import {
  type ComposeProject,
  namespaceOwner,
  replicasOf,
  type Service,
  withoutServices,
} from '../compose/compose-model.ts';
import { type SharedResource, sharedResources } from '../generate/shared-resources.ts';
import { type Call, findCalls, type HealthAddress, ownHealthAddresses } from './find-calls.ts';
import { type FoundPort, findPorts } from './find-ports.ts';
import { findUnsupported, mayHaveSidecar, notATarget, type Unsupported } from './find-unsupported.ts';
import type { ProjectFacts } from './project-facts.ts';
import { isAdminTool, usualPort } from './usual-ports.ts';

export interface Discovery {
  project: ComposeProject;
  /** Services that a run can act on. */
  targets: FoundTarget[];
  /** Ports to put a sidecar in front of. */
  proxies: FoundPort[];
  /** The port that users connect to; null if there is none. */
  entry: FoundPort | null;
  /** Ports that users might connect to as well. */
  otherEntries: FoundPort[];
  /** HTTP paths of the entry, each with its source. */
  paths: { path: string; source: string }[];
  calls: Call[];
  unsupported: Unsupported[];
  shared: SharedResource[];
}

export interface FoundTarget {
  service: string;
  replicas: number;
  /** URL that answers when the service is ready, with its source, which may be a guess. */
  ready: { url: string; source: string; isGuess?: true } | null;
}

export function discoverProject(project: ComposeProject, facts: ProjectFacts, folder: string): Discovery {
  const calls = findCalls(project, facts.mounted);
  const ports = findPorts(project, facts, calls);
  const isActive = (name: string): boolean => facts.active.includes(name);
  const isTarget = (name: string, service: Service): boolean => notATarget(name, service, { project, facts }) === null;
  const found = ports.tcp.filter(({ service: name }) => {
    const service = project.services[name];
    return service !== undefined && isTarget(name, service) && mayHaveSidecar(name, service, { project, ports, calls });
  });
  const activeCalls = calls.filter(({ from, to }) => isActive(from) && isActive(to));
  const [first, ...others] = rankEntries(project, found, activeCalls);
  const proxies = found.map((port) => (port === first && port.isUnknown ? assumedHttp(port) : port));
  const entry = proxies.find(({ service, port }) => service === first?.service && port === first.port) ?? null;
  const targets = Object.entries(project.services)
    .filter(([name, service]) => isTarget(name, service))
    .map(([name, service]) => ({
      service: name,
      replicas: replicasOf(service),
      ready: readyUrl(project, name, entry),
    }));
  const ready = targets.flatMap((target) => (target.ready === null ? [] : [target.service]));
  return {
    project,
    targets,
    proxies,
    entry,
    otherEntries: others.filter(({ published, probe }) => published && probe === 'http'),
    paths: entry === null ? [] : pathsOf(project, entry, calls),
    calls: activeCalls,
    unsupported: findUnsupported({ project, facts, ports, calls, ready }),
    shared: sharedResources(
      withoutServices(project, (name) => !isActive(name)),
      folder,
    ),
  };
}

/** Users send HTTP, so that is the best guess for a port that they connect to. */
const assumedHttp = (port: FoundPort): FoundPort => ({
  ...port,
  probe: 'http',
  sources: [...port.sources, 'assumed to speak HTTP'],
});

/** Users connect to a published HTTP port that calls other services and is called by few. */
function rankEntries(project: ComposeProject, proxies: readonly FoundPort[], calls: readonly Call[]): FoundPort[] {
  const score = ({ service: name, port, published, probe }: FoundPort): number => {
    const service = project.services[name];
    const usual = usualPort(service?.image ?? '');
    return (
      (published ? 24 : 0) +
      (probe === 'http' ? 16 : 0) -
      (isAdminTool(service?.image ?? '') ? 12 : 0) +
      (service?.build === undefined ? 0 : 2) -
      (calls.some(({ to }) => to === name) ? 6 : 0) +
      (calls.some(({ from }) => from === name) ? 4 : 0) +
      // A number alone is a guess.
      (usual === undefined ? 0 : usual.port === port ? 1 : -2) +
      (service !== undefined && httpHealthOf(name, service).some((url) => url.port === port) ? 1 : 0) +
      ([80, 8080, 8000, 3000, 5000].includes(port) ? 1 : 0)
    );
  };
  return proxies
    .filter(({ probe, isUnknown }) => probe === 'http' || isUnknown)
    .toSorted((a, b) => score(b) - score(a));
}

const httpHealthOf = (name: string, service: Service): HealthAddress[] =>
  ownHealthAddresses(name, service).filter(({ protocol }) => protocol === 'http');

function readyUrl(project: ComposeProject, name: string, entry: FoundPort | null): FoundTarget['ready'] {
  const service = project.services[name];
  // A service within the network of another has the name of that one.
  const host = namespaceOwner(project, name);
  const [url] =
    service === undefined || project.services[host]?.networks === undefined ? [] : httpHealthOf(name, service);
  if (url !== undefined) return { url: `http://${host}:${url.port}${url.path}`, source: 'healthcheck' };
  if (entry?.service !== name) return null;
  return {
    url: `http://${name}:${entry.port}/`,
    source: 'a guess; change it to a path that answers 200 when ready',
    isGuess: true,
  };
}

function pathsOf(project: ComposeProject, entry: FoundPort, calls: readonly Call[]): Discovery['paths'] {
  const service = project.services[entry.service];
  const own =
    service === undefined ? [] : httpHealthOf(entry.service, service).filter(({ port }) => port === entry.port);
  const all = [
    ...own.map(({ path }) => ({ path, source: 'healthcheck' })),
    ...calls
      .filter(({ to, port, path }) => to === entry.service && port === entry.port && path !== undefined)
      .map(({ path = '/', source }) => ({ path, source })),
  ];
  return all.filter(({ path }, index) => all.findIndex((other) => other.path === path) === index);
}
