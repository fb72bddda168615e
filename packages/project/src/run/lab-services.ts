/**
 * Adds the lab's own services to a generated project: chaos, the load generator and the
 * orchestrator, as docker-compose.yml has them for the bundled lab. A pure function.
 */
import { join } from 'node:path';
import { ownValue, upstreamOf } from '@encore/kit';
import type { ComposeProject, Port, Service } from '../compose/compose-model.ts';
import type { EncoreSystem } from '../encore-file/encore-file.ts';
import type { GeneratedProject } from '../generate/generate-project.ts';
import { labels, runLabels } from '../generate/labels.ts';
import { chooseLabNames, type LabNames } from '../generate/names.ts';

export interface LabOptions {
  runId: string;
  /** The checkout from which the lab's images are built. */
  root: string;
  /** Tag of these images. */
  tag: string;
  /** Path of the workload below `inputPath`. */
  workload: string;
  /** The engine's socket on its host. */
  socket: string;
  /** Port of 127.0.0.1 for the page. */
  pagePort: number;
  /** How the user starts Encore, for messages. */
  command: string;
}

/** Where the input of a run is in the containers. */
export const inputPath = '/input';
export const systemFile = 'system.json';
export const settingsFile = 'settings.json';
/** Folder of the results, in the volume of the runs and beside encore.yaml. */
export const resultsFolder = 'test_results';
export const runsPath = '/runs';
export const ports = { page: 8080, chaos: 8011, loadgen: 8012 };

export interface ProjectWithLab {
  project: ComposeProject;
  names: LabNames;
}

export function withLab(
  system: EncoreSystem,
  user: ComposeProject,
  generated: GeneratedProject,
  options: LabOptions,
): ProjectWithLab {
  const { project } = generated;
  const names = chooseLabNames(project);
  const mark = { labels: runLabels(options.runId) };
  const networksOf = (service: string): string[] => Object.keys(user.services[service]?.networks ?? {});
  const proxied = Object.keys(system.proxies).map(upstreamOf);
  const observed = Object.keys(system.containers).filter((name) => system.containers[name]?.health !== undefined);
  const controls = proxied.flatMap((name) => controlNetworksOf(ownValue(project.services, name)));
  const socket = '/var/run/docker.sock';
  const input = { type: 'volume', source: names.input, target: inputPath };
  const services: Record<string, Service> = {
    [names.chaos]: {
      ...program('chaos', options, 192),
      // Root without capabilities, because the group of the socket differs between hosts. KILL and
      // the processes of the host are for crashes that bypass the engine.
      user: '0:0',
      pid: 'host',
      cap_add: ['KILL'],
      restart: 'always',
      command: ['services/chaos/src/main.ts'],
      networks: joined([names.lab, ...controls, ...proxied.flatMap(networksOf)]),
      environment: {
        ENCORE_NAME: names.chaos,
        ENCORE_HOST: '0.0.0.0',
        ENCORE_PORT: String(ports.chaos),
        ENCORE_PROJECT: project.name,
        ENCORE_ENGINE_SOCKET: socket,
        ENCORE_LOADGEN_URL: `http://${names.loadgen}:${ports.loadgen}`,
        ENCORE_SYSTEM_FILE: join(inputPath, systemFile),
        ENCORE_JOURNAL_DIR: '/journal',
        ENCORE_TOKEN_FILE: '/secret/token',
      },
      volumes: [
        { type: 'bind', source: options.socket, target: socket, bind: { create_host_path: false } },
        // Writable only here, because the input is copied in through this container.
        input,
        { type: 'volume', source: names.journal, target: '/journal' },
        { type: 'volume', source: names.secret, target: '/secret' },
      ],
      healthcheck: healthcheck(ports.chaos, '/ready'),
    },
    [names.loadgen]: {
      ...program('loadgen', options, 384),
      restart: 'always',
      command: ['services/loadgen/src/main.ts'],
      networks: joined([names.lab, ...networksOf(upstreamOf(system.entry))]),
      environment: {
        ENCORE_NAME: names.loadgen,
        ENCORE_HOST: '0.0.0.0',
        ENCORE_PORT: String(ports.loadgen),
        ENCORE_TARGET_URL: `http://${system.entry}`,
        ENCORE_WORKLOAD: join(inputPath, options.workload),
        ENCORE_RUNS_DIR: runsPath,
      },
      volumes: [
        { ...input, read_only: true },
        { type: 'volume', source: names.runs, target: runsPath },
      ],
      healthcheck: healthcheck(ports.loadgen, '/live'),
    },
    [names.orchestrator]: {
      ...program('orchestrator', options, 384),
      // Started by `docker compose run`, which activates the profile.
      profiles: [names.orchestrator],
      restart: 'no',
      stop_grace_period: '30s',
      // Relative to it, the results have the path that they will have beside encore.yaml.
      working_dir: runsPath,
      entrypoint: ['node', '/app/services/orchestrator/src/main.ts'],
      ports: [publishedLocally(ports.page, options.pagePort)],
      networks: joined([names.lab, names.page, ...observed.flatMap(networksOf)]),
      environment: {
        ENCORE_NAME: names.orchestrator,
        ENCORE_HOST: '0.0.0.0',
        ENCORE_PORT: String(ports.page),
        ENCORE_CHAOS_URL: `http://${names.chaos}:${ports.chaos}`,
        ENCORE_LOADGEN_URL: `http://${names.loadgen}:${ports.loadgen}`,
        ENCORE_TOKEN_FILE: '/secret/token',
        ENCORE_SYSTEM_FILE: join(inputPath, systemFile),
        ENCORE_RUNS_DIR: runsPath,
        ENCORE_RUNS_NAME: `the volume ${project.name}_${names.runs}`,
        ENCORE_RESULTS_DIR: resultsFolder,
        ENCORE_PAGE_URL: `http://localhost:${options.pagePort}`,
        ENCORE_WHERE_TO_LOOK: `live page http://localhost:${options.pagePort}   reports ${resultsFolder}`,
        ENCORE_LOGS_HINT:
          'run again with --keep, then look with `docker compose -p PROJECT logs`; PROJECT is the name that the run prints',
        ENCORE_COMMAND: options.command,
      },
      volumes: [
        { ...input, read_only: true },
        { type: 'volume', source: names.runs, target: runsPath },
        { type: 'volume', source: names.secret, target: '/secret', read_only: true },
      ],
    },
  };
  return {
    names,
    project: {
      ...project,
      services: { ...project.services, ...services },
      networks: { ...project.networks, [names.lab]: { internal: true, ...mark }, [names.page]: mark },
      volumes: {
        ...project.volumes,
        ...Object.fromEntries([names.runs, names.journal, names.secret, names.input].map((name) => [name, mark])),
      },
    },
  };
}

/** What all of the lab's programs have in common. */
function program(workspace: string, { root, tag, runId }: LabOptions, memoryMegabytes: number): Service {
  return {
    image: `localhost/encore-${workspace}:${tag}`,
    pull_policy: 'never',
    build: { context: root, args: { WORKSPACE: `services/${workspace}` } },
    init: true,
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    mem_limit: `${memoryMegabytes}m`,
    memswap_limit: `${memoryMegabytes}m`,
    cpus: '1',
    logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
    labels: { ...runLabels(runId), [labels.lab]: workspace },
  };
}

function healthcheck(port: number, path: string): Service['healthcheck'] {
  return {
    test: ['CMD', 'node', '/app/docker/healthcheck.mjs', `http://127.0.0.1:${port}${path}`],
    interval: '15s',
    timeout: '3s',
    retries: 3,
    start_period: '60s',
    start_interval: '500ms',
  };
}

export const publishedLocally = (target: number, published: number): Port => ({
  target,
  published: String(published),
  protocol: 'tcp',
  host_ip: '127.0.0.1',
});

export const joined = (networks: readonly string[]): Service['networks'] =>
  Object.fromEntries([...new Set(networks)].sort().map((name) => [name, null]));

/** The network of a sidecar on which its API listens: that of its name there. */
export function controlNetworksOf(sidecar: Service | undefined): string[] {
  const alias = sidecar?.labels?.[labels.target] ?? '';
  return Object.entries(sidecar?.networks ?? {}).flatMap(([name, attachment]) =>
    attachment?.aliases?.includes(alias) ? [name] : [],
  );
}
