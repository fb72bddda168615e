/** Starts a lab's programs in dependency order and stops them, whatever state they are in. */
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { System } from '@encore/contracts';
import { closeServer, createApiToken, EncoreError, httpExchange, waitUntil } from '@encore/kit';
import type { HostEnvironment } from './config.ts';
import { engineApi } from './engine/api.ts';
import { removeStaleGroups } from './engine/cgroup-files.ts';
import type { ContainerSpec } from './engine/container-spec.ts';
import { Engine } from './engine/engine.ts';
import { recordProcess } from './engine/process-record.ts';
import { Reaper } from './engine/reaper.ts';
import { type LabFolder, openLabFolder } from './lab-folder.ts';
import { type LabFrame, type LabService, orchestratorEnvironment, withoutLimits } from './lab-services.ts';
import { holdPorts, type LabPorts } from './ports.ts';
import { publishLab } from './running-lab.ts';
import { endStaleLabs } from './stale-labs.ts';

const readyTimeoutMs = 30_000;
const graceMs = 5_000;

export interface Lab extends AsyncDisposable {
  /** Environment of the orchestrator. */
  readonly env: Readonly<Record<string, string>>;
  readonly ports: LabPorts;
  readonly folder: LabFolder;
  readonly reaper: Reaper;
  /** Copies the programs' logs to a folder that outlives the lab and returns its path. */
  keepLogs(): string;
}

/** A lab, and the orchestrator that runs in it. */
export interface StartedLab {
  readonly lab: Lab;
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

export interface LabOptions {
  /** The checkout of Encore. */
  readonly root: string;
  /** What the lab runs: the checkout, or the folder of a project. */
  readonly of: string;
  readonly results: string;
  readonly host: HostEnvironment;
}

/** The system under test, as data. */
export interface LabContent<Name extends string> {
  /** Offsets of all ports in their block. */
  readonly offsets: Readonly<Record<Name | keyof LabPorts, number>>;
  readonly chosenPorts: Partial<Record<Name | keyof LabPorts, number>>;
  /** Other ports that its programs use. */
  readonly otherPorts: readonly number[];
  /** Called once the folder exists and the ports are reserved. */
  describe(frame: LabFrame<Readonly<Record<Name | keyof LabPorts, number>>>): Promise<{
    readonly system: System;
    readonly services: readonly LabService[];
  }>;
}

export async function startLab<Name extends string>(
  { root, of, results, host }: LabOptions,
  content: LabContent<Name>,
  signal: AbortSignal,
): Promise<Lab> {
  await using revert = new AsyncDisposableStack();
  await endStaleLabs(host.homes);
  removeStaleGroups();
  const folder = openLabFolder(host, of, process.pid);
  revert.defer(() => rmSync(folder.path, { recursive: true, force: true }));
  await recordProcess(folder.path, process.pid);
  const reaper = revert.use(new Reaper(folder.path));
  const { ports } = revert.use(await holdPorts(content.offsets, content.chosenPorts, content.otherPorts));
  const tokenFile = join(folder.sub('secret'), 'token');
  await createApiToken(tokenFile);
  publishLab(folder.path, { root: of, ports, tokenFile });
  const engine = revert.use(new Engine(reaper));
  const api = createServer(engineApi(engine)).listen(folder.engineSocket);
  await once(api, 'listening');
  // Connecting requires write permission; with a permissive umask every local user would have it.
  chmodSync(folder.engineSocket, 0o600);
  revert.defer(() => closeServer(api, 0));

  const systemFile = join(folder.path, 'system.json');
  const project = `encore-${process.pid}`;
  const frame = { root, results, base: host.base, folder, ports, systemFile, tokenFile, project };
  const { system, services } = await content.describe(frame);
  signal.throwIfAborted();
  writeFileSync(systemFile, JSON.stringify(system));
  revert.defer(() => engine.shutDown(graceMs));
  await startServices(engine, services, signal);
  const all = revert.move();
  return {
    env: orchestratorEnvironment(frame),
    ports,
    folder,
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
  const ready = new Map(services.map(({ spec }) => [serviceName(spec), Promise.withResolvers<void>()]));
  const start = async ({ spec, after, ready: probe }: LabService) => {
    await Promise.all(after.map((name) => ready.get(name)?.promise));
    stop.throwIfAborted();
    const group = engine.openLimits(spec);
    const container = engine.create(group ? spec : withoutLimits(spec), group);
    container.start();
    if (probe === null) return;
    const hasExited = () => container.state.status === 'exited';
    try {
      await waitUntil(`${serviceName(spec)} to be ready`, () => hasExited() || isReady(probe), {
        timeoutMs: readyTimeoutMs,
        everyMs: 25,
        signal: stop,
      });
    } catch (error) {
      if (stop.aborted) throw error;
      throw notReady(spec, `was not ready after ${readyTimeoutMs / 1_000} s`, error);
    }
    if (hasExited()) throw notReady(spec, `exited with code ${container.exitCode} before it was ready`);
  };
  const all = services.map(async (service) => {
    await start(service);
    ready.get(serviceName(service.spec))?.resolve();
  });
  try {
    await Promise.all(all);
  } catch (error) {
    failed.abort(error);
    // Services that depend on a failed one would otherwise wait forever.
    for (const waiting of ready.values()) waiting.resolve();
    await Promise.allSettled(all);
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

async function isReady(probe: NonNullable<LabService['ready']>): Promise<boolean> {
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

function notReady(spec: ContainerSpec, problem: string, cause?: unknown): EncoreError {
  const log = existsSync(spec.logFile) ? readFileSync(spec.logFile, 'utf8') : '';
  const lines = log.trimEnd().split('\n').slice(-15).join('\n  ');
  return new EncoreError('NOT_READY', `${serviceName(spec)} ${problem}. The end of its log:\n  ${lines}`, { cause });
}
