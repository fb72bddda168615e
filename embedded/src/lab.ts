/** Starts the lab's programs in dependency order and stops them, whatever state they are in. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, cpSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { closeServer, createApiToken, EncoreError, httpExchange, waitUntil } from '@encore/kit';
import { bundledSystemFile, readSystemFile } from '@encore/kit/system-file';
import { type HostEnvironment, serverConfigOf, serverMemoryBytes } from './config.ts';
import { embeddedSystem, unsupportedHere } from './embedded-system.ts';
import { engineApi } from './engine/api.ts';
import { removeStaleGroups } from './engine/cgroup-files.ts';
import type { ContainerSpec } from './engine/container-spec.ts';
import { Engine } from './engine/engine.ts';
import { Reaper } from './engine/reaper.ts';
import { type LabFolder, openLabFolder } from './lab-folder.ts';
import { type ChosenPorts, holdPorts } from './ports.ts';
import { preparePostgres } from './postgres/binaries.ts';
import { createDatabase } from './postgres/database.ts';
import { publishLab } from './running-lab.ts';
import { type LabConfig, type LabService, orchestratorEnvironment, topology, withoutLimits } from './topology.ts';

const readyTimeoutMs = 30_000;
const graceMs = 5_000;
const role = 'encore';

export interface Lab extends AsyncDisposable {
  /** Environment of the orchestrator. */
  readonly env: Readonly<Record<string, string>>;
  readonly reaper: Reaper;
  /** Copies the programs' logs to a folder that outlives the lab and returns its path. */
  keepLogs(): string;
}

export interface LabOptions {
  readonly root: string;
  readonly results: string;
  readonly host: HostEnvironment;
  readonly serverMemoryBytes?: number;
  readonly ports?: ChosenPorts;
}

export async function startLab(options: LabOptions, signal: AbortSignal): Promise<Lab> {
  await using revert = new AsyncDisposableStack();
  removeStaleGroups();
  const folder = openLabFolder(options.host, options.root, process.pid);
  const reaper = revert.use(new Reaper(folder.path));
  revert.defer(() => rmSync(folder.path, { recursive: true, force: true }));
  const { ports } = revert.use(await holdPorts(options.ports));
  const tokenFile = join(folder.sub('secret'), 'token');
  await createApiToken(tokenFile);
  publishLab(folder.path, { root: options.root, ports, tokenFile });
  const engine = revert.use(new Engine(reaper));
  const api = createServer(engineApi(engine)).listen(folder.engineSocket);
  await once(api, 'listening');
  // Connecting requires write permission; with a permissive umask every local user would have it.
  chmodSync(folder.engineSocket, 0o600);
  revert.defer(() => closeServer(api, 0));

  const password = randomBytes(12).toString('hex');
  const programs = await preparePostgres(folder.cache);
  const { postgres: port } = ports;
  const database = await createDatabase({ programs, folder: folder.sub('postgres'), port, role, password });
  signal.throwIfAborted();
  const systemFile = join(folder.path, 'system.json');
  const system = embeddedSystem(readSystemFile(bundledSystemFile), ports, unsupportedHere());
  writeFileSync(systemFile, JSON.stringify(system));
  const config: LabConfig = {
    root: options.root,
    results: options.results,
    serverConfig: serverConfigOf(options.host, options.root),
    serverMemoryBytes: options.serverMemoryBytes ?? serverMemoryBytes({}),
    base: options.host.base,
    folder,
    ports,
    systemFile,
    tokenFile,
    database,
    project: `encore-${process.pid}`,
    databaseUrl: `postgres://${role}:${password}@127.0.0.1:${ports.postgresProxy}/postgres`,
  };
  revert.defer(() => engine.shutDown(graceMs));
  await startServices(engine, topology(config), signal);
  const all = revert.move();
  return {
    env: orchestratorEnvironment(config),
    keepLogs: () => keepLogs(folder),
    reaper,
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  };
}

/**
 * Starts each service once its dependencies are ready. The first failure stops the wait for all
 * others.
 */
async function startServices(engine: Engine, services: readonly LabService[], signal: AbortSignal): Promise<void> {
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const ready = new Map<string, Promise<void>>();
  const start = async ({ spec, after, ready: probe }: LabService) => {
    await Promise.all(after.map((name) => ready.get(name)));
    stop.throwIfAborted();
    const group = engine.openLimits(spec);
    const container = engine.create(group ? spec : withoutLimits(spec), group);
    container.start();
    try {
      await waitUntil(`${serviceName(spec)} to be ready`, () => isReady(probe), {
        timeoutMs: readyTimeoutMs,
        everyMs: 25,
        signal: stop,
      });
    } catch (error) {
      throw stop.aborted ? error : new EncoreError('NOT_READY', await notReadyMessage(spec), { cause: error });
    }
  };
  for (const service of services) ready.set(serviceName(service.spec), start(service));
  try {
    await Promise.all(ready.values());
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(ready.values());
    throw error;
  }
}

function keepLogs({ cache, logs }: LabFolder): string {
  const destination = join(cache, 'logs');
  rmSync(destination, { recursive: true, force: true });
  cpSync(logs, destination, { recursive: true });
  return destination;
}

const serviceName = ({ labels }: ContainerSpec): string => labels['com.docker.compose.service'] ?? '';

async function isReady(probe: LabService['ready']): Promise<boolean> {
  if ('port' in probe) {
    const socket = connect(probe.port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return true;
    } finally {
      socket.destroy();
    }
  }
  return (await httpExchange(probe.url, { signal: AbortSignal.timeout(2_000) })).status === 200;
}

async function notReadyMessage(spec: ContainerSpec): Promise<string> {
  const log = await readFile(spec.logFile, 'utf8').catch(() => '');
  const lines = log.trimEnd().split('\n').slice(-15).join('\n  ');
  return `${serviceName(spec)} was not ready after ${readyTimeoutMs / 1_000} s. The end of its log:\n  ${lines}`;
}
