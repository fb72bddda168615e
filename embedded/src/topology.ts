/**
 * The lab without Docker as data: the counterpart of docker-compose.yml, in the same order and with the same names.
 *
 *   loadgen ─▶ toxiproxy (client link) ─▶ server ─▶ toxiproxy (database link) ─▶ postgres
 *   chaos ─▶ toxiproxy's API, the process engine's socket
 */

import { join } from 'node:path';
import type { ContainerSpec } from './engine/container-spec.ts';
import { openLimitGroup } from './engine/limit-group.ts';
import type { LabFolder } from './lab-folder.ts';
import type { Ports } from './ports.ts';
import type { Database } from './postgres/database.ts';

const mebibyte = 1_048_576;

export interface LabService {
  readonly spec: ContainerSpec;
  /** Started once these are ready. */
  readonly after: readonly string[];
  /** Ready when this answers 200, or when the port accepts a connection. */
  readonly ready: { readonly url: string } | { readonly port: number };
}

export interface LabPlaces {
  readonly root: string;
  readonly folder: LabFolder;
  readonly ports: Ports;
  readonly project: string;
  readonly database: Database;
  readonly databaseUrl: string;
  /** The secret between the orchestrator and the chaos service. */
  readonly tokenFile: string;
  readonly results: string;
  readonly serverConfig: string;
  readonly serverMemoryBytes: number;
  /** Environment of every program. */
  readonly base: Readonly<Record<string, string>>;
}

/**
 * The same as in the Dockerfile. By itself V8 gives a server whose requests are short-lived a megabyte for what is young, and under
 * overload, when half a CPU makes sixteen in a second, collects it forty times. Both flags are needed: in a container with little memory
 * V8 sets the most that it may be to a megabyte, and a least that is more than the most counts for nothing.
 */
export const serverFlags: readonly string[] = ['--min-semi-space-size=8', '--max-semi-space-size=8'];

const at = (port: number): string => `http://127.0.0.1:${port}`;

export function topology(places: LabPlaces): LabService[] {
  const { ports, folder, database } = places;
  const node = nodeService(places);
  return [
    {
      after: [],
      ready: { port: ports.postgres },
      spec: {
        ...common(places, 'postgres'),
        image: 'postgres (embedded)',
        command: database.command,
        env: database.env,
        cwd: '/',
        ...(database.user && { user: database.user }),
        stopSignal: 'SIGINT',
        labels: labels(places, 'postgres', 'postgres', 'database-down,database-freeze', 256 * mebibyte),
        limits: { memoryBytes: 256 * mebibyte, cpus: 1 },
      },
    },
    {
      after: [],
      ready: { url: `${at(ports.toxiproxy)}/version` },
      spec: {
        ...node('toxiproxy', 'embedded/src/proxy/main.ts', ports.toxiproxy, { ENCORE_TOKEN_FILE: places.tokenFile }),
        labels: labels(places, 'toxiproxy', 'toxiproxy', ''),
      },
    },
    {
      after: ['toxiproxy'],
      ready: { url: `${at(ports.chaos)}/ready` },
      spec: node('chaos', 'services/chaos/src/main.ts', ports.chaos, {
        ENCORE_PROJECT: places.project,
        ENCORE_ENGINE_SOCKET: folder.engineSocket,
        ENCORE_TOXIPROXY_URL: at(ports.toxiproxy),
        ENCORE_TOXIPROXY_TOKEN_FILE: places.tokenFile,
        ENCORE_SERVER_HEALTH_URL: at(ports.health),
        ENCORE_CLIENT_LINK: `127.0.0.1:${ports.clientLink}>127.0.0.1:${ports.server}`,
        ENCORE_DATABASE_LINK: `127.0.0.1:${ports.databaseLink}>127.0.0.1:${ports.postgres}`,
        ENCORE_JOURNAL_DIR: folder.sub('journal'),
        ENCORE_TOKEN_FILE: places.tokenFile,
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
            ENCORE_DATABASE_URL: places.databaseUrl,
            ENCORE_SERVER_CONFIG: places.serverConfig,
            ENCORE_SERVER_MEMORY_BYTES: String(places.serverMemoryBytes),
            ENCORE_SCRATCH_DIR: folder.scratch,
            ENCORE_ALLOWED_HOSTS: 'localhost,127.0.0.1',
          },
          serverFlags,
        ),
        labels: {
          ...labels(
            places,
            'server',
            'server',
            'crash,outage,restart,freeze,hang,memory-cap,tool-stall,cpu-throttle,traffic-surge',
            places.serverMemoryBytes,
          ),
          ...asLabels(needsContainer),
        },
        limits: { memoryBytes: places.serverMemoryBytes, cpus: 1 },
      },
    },
    {
      after: [],
      ready: { url: `${at(ports.loadgen)}/live` },
      spec: node('loadgen', 'services/loadgen/src/main.ts', ports.loadgen, {
        ENCORE_TARGET_URL: at(ports.clientLink),
        ENCORE_RUNS_DIR: folder.runs,
      }),
    },
  ];
}

/** What wires the orchestrator; it runs in front, with the terminal, and not as a container. */
export function orchestratorEnvironment({ ports, folder, results, tokenFile }: LabPlaces): Record<string, string> {
  return {
    ENCORE_HOST: '127.0.0.1',
    ENCORE_PORT: String(ports.page),
    ENCORE_CHAOS_URL: at(ports.chaos),
    ENCORE_TOKEN_FILE: tokenFile,
    ENCORE_LOADGEN_URL: at(ports.loadgen),
    ENCORE_SERVER_HEALTH_URL: at(ports.health),
    ENCORE_RUNS_DIR: folder.runs,
    ENCORE_RESULTS_DIR: results,
    ENCORE_LOGS_DIR: folder.logs,
    ENCORE_PAGE_URL: `http://localhost:${ports.page}`,
    ENCORE_WHERE_TO_LOOK: `live page http://localhost:${ports.page}   reports ${results}`,
  };
}

function common(places: LabPlaces, name: string): Omit<ContainerSpec, 'image' | 'command' | 'env' | 'cwd'> {
  return {
    name: `${places.project}-${name}-1`,
    labels: labels(places, name),
    stopSignal: 'SIGTERM',
    stopGraceMs: 10_000,
    restart: 'always',
    logFile: join(places.folder.logs, `${name}.log`),
  };
}

function nodeService(places: LabPlaces) {
  return (
    name: string,
    program: string,
    port: number,
    env: Record<string, string> = {},
    flags: readonly string[] = [],
  ): ContainerSpec => ({
    ...common(places, name),
    image: `node ${process.version}`,
    command: [
      process.execPath,
      ...flags,
      '--import',
      join(places.root, 'embedded/src/warm-start.ts'),
      join(places.root, program),
    ],
    env: {
      ...places.base,
      NODE_ENV: 'production',
      // Halves the time that a service needs to come back.
      NODE_COMPILE_CACHE: join(places.folder.cache, 'compile'),
      ENCORE_HOST: '127.0.0.1',
      ENCORE_PORT: String(port),
      ...env,
    },
    cwd: places.root,
  });
}

const cannot = (kinds: readonly string[], reason: string): Record<string, string> =>
  Object.fromEntries(kinds.map((kind) => [kind, reason]));

/** Kinds that only a container can bear, with the reason that preflight and the report give. */
const needsContainer = cannot(
  ['memory-pressure', 'disk-full', 'partition'],
  'it needs a container with a network and a scratch space of its own: use Docker',
);
const needsLimits = cannot(
  ['memory-cap', 'cpu-throttle'],
  'this machine has no control group that the lab may write, so it cannot limit memory or CPU',
);

/** The kinds that the lab cannot do on this machine, with the reasons, found out without starting it. */
export function unsupportedHere(): Record<string, string> {
  const group = openLimitGroup(process.pid, 'probe');
  group?.remove();
  return { ...needsContainer, ...(group === null && needsLimits) };
}

const asLabels = (reasons: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(reasons).map(([kind, reason]) => [`encore.cannot.${kind}`, reason]));

/** On a machine that lets us set no limits: no baseline to come back to, and no consent to faults that need limits. */
export function withoutLimits(spec: ContainerSpec): ContainerSpec {
  const labels = Object.entries(spec.labels).filter(([name]) => !name.startsWith('encore.baseline.'));
  const accepted = (spec.labels['encore.accepts'] ?? '').split(',');
  const missed = Object.entries(needsLimits).filter(([kind]) => accepted.includes(kind));
  return {
    ...spec,
    labels: {
      ...Object.fromEntries(labels),
      ...('encore.accepts' in spec.labels && {
        'encore.accepts': accepted.filter((kind) => !(kind in needsLimits)).join(','),
      }),
      ...asLabels(Object.fromEntries(missed)),
    },
  };
}

/** Labels as Compose would set them, and the consent of a target with the limits that it must come back to. */
function labels(
  places: LabPlaces,
  service: string,
  target?: string,
  accepts = '',
  memoryBytes = 0,
): Record<string, string> {
  return {
    'com.docker.compose.project': places.project,
    'com.docker.compose.service': service,
    ...(target !== undefined && { 'encore.target': target, 'encore.accepts': accepts }),
    ...(memoryBytes > 0 && {
      'encore.baseline.memory': String(memoryBytes),
      'encore.baseline.memswap': String(memoryBytes),
      'encore.baseline.cpus': '1',
    }),
  };
}
