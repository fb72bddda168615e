/**
 * Names for what Encore adds to a project. They must not collide with any name that the user's
 * containers answer to. No program reads meaning from a name; the labels carry it.
 */
import { type ComposeProject, namesOf } from '../compose/compose-model.ts';

/** Labels of a DNS name have at most 63 characters; this leaves space for a suffix and a number. */
const maxBaseLength = 48;

export interface RunNames {
  /** New name of the service that was called `service`. */
  targetOf(service: string): string;
  /** Name of a sidecar on the control network; it resolves nowhere else. */
  sidecarOf(service: string): string;
  controlNetwork: string;
}

/** Gives names to these services in order, so that the same input produces the same names. */
export function chooseNames(project: ComposeProject, services: readonly string[]): RunNames {
  const hosts = lowerCase(hostNamesOf(project));
  const targets = new Map<string, string>();
  const sidecars = new Map<string, string>();
  for (const service of services) {
    targets.set(service, freeName(`${baseOf(service)}-target`, hosts));
    sidecars.set(service, freeName(`${baseOf(service)}-sidecar`, hosts));
  }
  const networks = lowerCase(Object.keys(project.networks));
  return {
    targetOf: (service) => targets.get(service) ?? service,
    sidecarOf: (service) => sidecars.get(service) ?? service,
    controlNetwork: freeName('encore-control', networks),
  };
}

export interface LabNames {
  chaos: string;
  loadgen: string;
  orchestrator: string;
  prometheus: string;
  grafana: string;
  /** Networks: that of the lab's programs, and that of the published pages. */
  lab: string;
  page: string;
  /** Volumes. */
  runs: string;
  journal: string;
  secret: string;
  input: string;
  metrics: string;
  grafanaData: string;
}

/** Names for the lab's own services in a generated project. */
export function chooseLabNames(project: ComposeProject): LabNames {
  const hosts = lowerCase(hostNamesOf(project));
  const networks = lowerCase(Object.keys(project.networks));
  const volumes = lowerCase(Object.keys(project.volumes));
  return {
    chaos: freeName('encore-chaos', hosts),
    loadgen: freeName('encore-loadgen', hosts),
    orchestrator: freeName('encore-orchestrator', hosts),
    prometheus: freeName('encore-prometheus', hosts),
    grafana: freeName('encore-grafana', hosts),
    lab: freeName('encore-lab', networks),
    page: freeName('encore-page', networks),
    runs: freeName('encore-runs', volumes),
    journal: freeName('encore-journal', volumes),
    secret: freeName('encore-secret', volumes),
    input: freeName('encore-input', volumes),
    metrics: freeName('encore-metrics', volumes),
    grafanaData: freeName('encore-grafana', volumes),
  };
}

/** Compose project of one run. It never equals a name that the user gave. */
export function runProjectName(name: string, runId: string): string {
  return `${name}-encore-${runId}`;
}

/** Swarm does not allow dots in the names of services. */
function baseOf(service: string): string {
  return service.replaceAll(/[^A-Za-z0-9_-]/g, '-').slice(0, maxBaseLength);
}

/** Adds a number if the name is taken. DNS ignores case. */
function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${wanted}-${number}`;
  taken.add(name.toLowerCase());
  return name;
}

const lowerCase = (names: readonly string[]): Set<string> => new Set(names.map((name) => name.toLowerCase()));

/** Every name that a container of the project answers to. */
function hostNamesOf({ services }: ComposeProject): string[] {
  return Object.entries(services).flatMap(([name, service]) => [
    ...namesOf(name, service),
    ...(service.links ?? []).map((link) => link.split(':').at(-1) ?? link),
  ]);
}
