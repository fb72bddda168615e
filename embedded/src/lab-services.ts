/** What every lab runs beside the system under test: the proxy, chaos and the load generator. */
import { join } from 'node:path';
import type { ContainerSpec } from './engine/container-spec.ts';
import type { LabFolder } from './lab-folder.ts';
import type { LabPorts } from './ports.ts';

export interface LabService {
  readonly spec: ContainerSpec;
  /** Services that must be ready before this one starts. */
  readonly after: readonly string[];
  /**
   * Ready when the URL answers 200, or when the port accepts a connection; null: when it has
   * started.
   */
  readonly ready: { readonly url: string } | { readonly port: number } | null;
}

/** What all programs of a lab have in common. */
export interface LabFrame<Ports extends LabPorts = LabPorts> {
  readonly root: string;
  readonly folder: LabFolder;
  readonly ports: Ports;
  readonly project: string;
  /** The system description with the addresses of this lab. */
  readonly systemFile: string;
  /** File with the secret shared by the orchestrator and the chaos service. */
  readonly tokenFile: string;
  readonly results: string;
  /** Environment of every program of Encore. */
  readonly base: Readonly<Record<string, string>>;
}

export const at = (port: number): string => `http://127.0.0.1:${port}`;

/** Names of the services of Encore. */
export interface LabNames {
  readonly toxiproxy: string;
  readonly chaos: string;
  readonly loadgen: string;
}

/** `chaosEnv` and `loadgenEnv` add what depends on the system under test. */
export function labServices(
  frame: LabFrame,
  names: LabNames,
  { chaosEnv = {}, loadgenEnv }: { chaosEnv?: Record<string, string>; loadgenEnv: Record<string, string> },
): LabService[] {
  const { ports, folder, tokenFile } = frame;
  const node = nodeService(frame);
  return [
    {
      after: [],
      ready: { url: `${at(ports.toxiproxy)}/version` },
      spec: {
        ...node(names.toxiproxy, 'embedded/src/proxy/main.ts', ports.toxiproxy, { ENCORE_TOKEN_FILE: tokenFile }),
        labels: targetLabels(frame.project, names.toxiproxy),
      },
    },
    {
      after: [names.toxiproxy],
      ready: { url: `${at(ports.chaos)}/ready` },
      spec: node(names.chaos, 'services/chaos/src/main.ts', ports.chaos, {
        ENCORE_PROJECT: frame.project,
        ENCORE_ENGINE_SOCKET: folder.engineSocket,
        ENCORE_TOXIPROXY_TOKEN_FILE: tokenFile,
        ENCORE_LOADGEN_URL: at(ports.loadgen),
        ENCORE_SYSTEM_FILE: frame.systemFile,
        ENCORE_JOURNAL_DIR: folder.sub('journal'),
        ENCORE_TOKEN_FILE: tokenFile,
        ...chaosEnv,
      }),
    },
    {
      after: [],
      ready: { url: `${at(ports.loadgen)}/live` },
      spec: node(names.loadgen, 'services/loadgen/src/main.ts', ports.loadgen, {
        ENCORE_RUNS_DIR: folder.runs,
        ...loadgenEnv,
      }),
    },
  ];
}

/**
 * Environment of the orchestrator, which runs in the foreground with the terminal and not as a
 * container.
 */
export function orchestratorEnvironment({
  ports,
  folder,
  results,
  systemFile,
  tokenFile,
}: LabFrame): Record<string, string> {
  return {
    ENCORE_HOST: '127.0.0.1',
    ENCORE_PORT: String(ports.page),
    ENCORE_CHAOS_URL: at(ports.chaos),
    ENCORE_TOKEN_FILE: tokenFile,
    ENCORE_LOADGEN_URL: at(ports.loadgen),
    ENCORE_SYSTEM_FILE: systemFile,
    ENCORE_RUNS_DIR: folder.runs,
    ENCORE_RESULTS_DIR: results,
    ENCORE_LOGS_DIR: folder.logs,
    ENCORE_PAGE_URL: `http://localhost:${ports.page}`,
    ENCORE_WHERE_TO_LOOK: `live page http://localhost:${ports.page}   reports ${results}`,
  };
}

export function commonSpec(
  { project, folder }: Pick<LabFrame, 'project' | 'folder'>,
  name: string,
): Omit<ContainerSpec, 'image' | 'command' | 'env' | 'cwd'> {
  return {
    name: `${project}-${name}-1`,
    labels: labels(project, name),
    stopSignal: 'SIGTERM',
    stopGraceMs: 10_000,
    restart: 'always',
    logFile: join(folder.logs, `${name}.log`),
  };
}

export function nodeService(frame: LabFrame) {
  return (
    name: string,
    program: string,
    port: number,
    env: Record<string, string> = {},
    flags: readonly string[] = [],
  ): ContainerSpec => ({
    ...commonSpec(frame, name),
    image: `node ${process.version}`,
    command: [
      process.execPath,
      ...flags,
      '--import',
      join(frame.root, 'embedded/src/warm-start.ts'),
      join(frame.root, program),
    ],
    env: {
      ...frame.base,
      NODE_ENV: 'production',
      // Halves the start-up time of a service.
      NODE_COMPILE_CACHE: join(frame.folder.cache, 'compile'),
      ENCORE_HOST: '127.0.0.1',
      ENCORE_PORT: String(port),
      ...env,
    },
    cwd: frame.root,
  });
}

/** Removes the original limits, for a machine that cannot enforce any. */
export function withoutLimits(spec: ContainerSpec): ContainerSpec {
  const kept = Object.entries(spec.labels).filter(([name]) => !name.startsWith('encore.original.'));
  return { ...spec, labels: Object.fromEntries(kept) };
}

/** Labels as Compose sets them. */
const labels = (project: string, service: string): Record<string, string> => ({
  'com.docker.compose.project': project,
  'com.docker.compose.service': service,
});

/** Labels of a container that the system description names, with its original limits. */
export const targetLabels = (
  project: string,
  name: string,
  { memoryBytes, cpus }: NonNullable<ContainerSpec['limits']> = { memoryBytes: 0, cpus: 0 },
): Record<string, string> => ({
  ...labels(project, name),
  'encore.target': name,
  ...(memoryBytes > 0 && {
    'encore.original.memory': String(memoryBytes),
    'encore.original.memswap': String(memoryBytes),
  }),
  ...(cpus > 0 && { 'encore.original.cpus': String(cpus) }),
});
