/**
 * The embedded lab as data: the counterpart of docker-compose.yml, with the same order and names.
 *
 *   loadgen ─▶ toxiproxy ─▶ server ─▶ toxiproxy ─▶ postgres
 *   chaos ─▶ Toxiproxy API, socket of the process engine
 */

import { join } from 'node:path';
import type { ContainerSpec } from './engine/container-spec.ts';
import type { LabFolder } from './lab-folder.ts';
import type { Ports } from './ports.ts';
import type { Database } from './postgres/database.ts';

const mebibyte = 1_048_576;

export interface LabService {
  readonly spec: ContainerSpec;
  /** Services that must be ready before this one starts. */
  readonly after: readonly string[];
  /** Ready when the URL answers 200, or when the port accepts a connection. */
  readonly ready: { readonly url: string } | { readonly port: number };
}

export interface LabConfig {
  readonly root: string;
  readonly folder: LabFolder;
  readonly ports: Ports;
  readonly project: string;
  readonly database: Database;
  readonly databaseUrl: string;
  /** The system description with the addresses of this lab. */
  readonly systemFile: string;
  /** File with the secret shared by the orchestrator and the chaos service. */
  readonly tokenFile: string;
  readonly results: string;
  readonly serverConfig: string;
  readonly serverMemoryBytes: number;
  /** Environment of every program. */
  readonly base: Readonly<Record<string, string>>;
}

/**
 * The same flags as in the Dockerfile. By default V8 gives a server with short-lived requests a
 * young generation of 1 MB. Under overload, with half a CPU and sixteen requests per second, it
 * would collect it forty times per second. Both flags are needed: in a container with little
 * memory V8 sets the maximum to 1 MB and ignores a minimum above the maximum.
 */
export const serverFlags: readonly string[] = ['--min-semi-space-size=8', '--max-semi-space-size=8'];

const at = (port: number): string => `http://127.0.0.1:${port}`;

export function topology(config: LabConfig): LabService[] {
  const { ports, folder, database } = config;
  const node = nodeService(config);
  return [
    {
      after: [],
      ready: { port: ports.postgres },
      spec: {
        ...common(config, 'postgres'),
        image: 'postgres (embedded)',
        command: database.command,
        env: database.env,
        cwd: '/',
        ...(database.user && { user: database.user }),
        stopSignal: 'SIGINT',
        labels: targetLabels(config, 'postgres', 256 * mebibyte),
        limits: { memoryBytes: 256 * mebibyte, cpus: 1 },
      },
    },
    {
      after: [],
      ready: { url: `${at(ports.toxiproxy)}/version` },
      spec: {
        ...node('toxiproxy', 'embedded/src/proxy/main.ts', ports.toxiproxy, { ENCORE_TOKEN_FILE: config.tokenFile }),
        labels: targetLabels(config, 'toxiproxy'),
      },
    },
    {
      after: ['toxiproxy'],
      ready: { url: `${at(ports.chaos)}/ready` },
      spec: node('chaos', 'services/chaos/src/main.ts', ports.chaos, {
        ENCORE_PROJECT: config.project,
        ENCORE_ENGINE_SOCKET: folder.engineSocket,
        ENCORE_TOXIPROXY_TOKEN_FILE: config.tokenFile,
        ENCORE_SERVER_HEALTH_URL: at(ports.health),
        ENCORE_LOADGEN_URL: at(ports.loadgen),
        ENCORE_SYSTEM_FILE: config.systemFile,
        ENCORE_JOURNAL_DIR: folder.sub('journal'),
        ENCORE_TOKEN_FILE: config.tokenFile,
      }),
    },
    {
      after: ['chaos', 'postgres'],
      ready: { url: `${at(ports.health)}/health/ready` },
      spec: {
        ...node(
          'server',
          'services/server/src/main.ts',
          ports.server,
          {
            ENCORE_HEALTH_PORT: String(ports.health),
            ENCORE_DATABASE_URL: config.databaseUrl,
            ENCORE_SERVER_CONFIG: config.serverConfig,
            ENCORE_SERVER_MEMORY_BYTES: String(config.serverMemoryBytes),
            ENCORE_SCRATCH_DIR: folder.scratch,
            ENCORE_ALLOWED_HOSTS: 'localhost,127.0.0.1',
          },
          serverFlags,
        ),
        labels: targetLabels(config, 'server', config.serverMemoryBytes),
        limits: { memoryBytes: config.serverMemoryBytes, cpus: 1 },
      },
    },
    {
      after: [],
      ready: { url: `${at(ports.loadgen)}/live` },
      spec: node('loadgen', 'services/loadgen/src/main.ts', ports.loadgen, {
        ENCORE_TARGET_URL: at(ports.serverProxy),
        ENCORE_RUNS_DIR: folder.runs,
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
}: LabConfig): Record<string, string> {
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

function common(config: LabConfig, name: string): Omit<ContainerSpec, 'image' | 'command' | 'env' | 'cwd'> {
  return {
    name: `${config.project}-${name}-1`,
    labels: labels(config, name),
    stopSignal: 'SIGTERM',
    stopGraceMs: 10_000,
    restart: 'always',
    logFile: join(config.folder.logs, `${name}.log`),
  };
}

function nodeService(config: LabConfig) {
  return (
    name: string,
    program: string,
    port: number,
    env: Record<string, string> = {},
    flags: readonly string[] = [],
  ): ContainerSpec => ({
    ...common(config, name),
    image: `node ${process.version}`,
    command: [
      process.execPath,
      ...flags,
      '--import',
      join(config.root, 'embedded/src/warm-start.ts'),
      join(config.root, program),
    ],
    env: {
      ...config.base,
      NODE_ENV: 'production',
      // Halves the start-up time of a service.
      NODE_COMPILE_CACHE: join(config.folder.cache, 'compile'),
      ENCORE_HOST: '127.0.0.1',
      ENCORE_PORT: String(port),
      ...env,
    },
    cwd: config.root,
  });
}

/** Removes the original limits, for a machine that cannot enforce any. */
export function withoutLimits(spec: ContainerSpec): ContainerSpec {
  const labels = Object.entries(spec.labels).filter(([name]) => !name.startsWith('encore.original.'));
  return { ...spec, labels: Object.fromEntries(labels) };
}

/** Labels as Compose sets them. */
const labels = (config: LabConfig, service: string): Record<string, string> => ({
  'com.docker.compose.project': config.project,
  'com.docker.compose.service': service,
});

/** Labels of a container that system.yaml names, with its original limits. */
const targetLabels = (config: LabConfig, name: string, memoryBytes = 0): Record<string, string> => ({
  ...labels(config, name),
  'encore.target': name,
  ...(memoryBytes > 0 && {
    'encore.original.memory': String(memoryBytes),
    'encore.original.memswap': String(memoryBytes),
    'encore.original.cpus': '1',
  }),
});
