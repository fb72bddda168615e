/**
 * What the injector asks of a container engine, and no more: no create, no images, no volumes, and one constant program
 * as exec. The Docker engine and the process engine both stand behind it; the tests and the simulation have a fake.
 */
import type { RestartSetup } from '@encore/contracts';

export interface ContainerSummary {
  id: string;
  name: string;
  /** The id of the image in place of its name, once that name means another image. */
  image: string;
  labels: Readonly<Record<string, string>>;
}

export interface Endpoint {
  networkId: string;
  aliases: string[];
  /** A fixed address of the user's config, or empty. */
  fixedAddress: string;
}

/** Here the image has the name by which the container was made. */
export interface ContainerView extends ContainerSummary {
  /** created, running, paused, restarting, exited, dead. */
  status: string;
  health: string;
  exitCode: number;
  restartCount: number;
  /** Of the first process, as the host sees it; 0 while none runs. */
  pid: number;
  startedAtMs: number;
  finishedAtMs: number;
  memoryBytes: number;
  memswapBytes: number;
  cpus: number;
  restartSetup: RestartSetup;
  /** Ports of the host. */
  publishedPorts: readonly number[];
  networks: Readonly<Record<string, Endpoint>>;
}

export interface ContainerStats {
  /** Without what the kernel could reclaim at once. */
  memoryBytes: number;
  /** The kernel's limit, which is the truth about a cap. */
  memoryLimitBytes: number;
  cpuSeconds: number;
  /** Periods of the scheduler in which the kernel stopped it at its CPU limit, since its start; 0 where nothing is limited. */
  throttledPeriods: number;
}

export interface EngineFacts {
  engine: string;
  version: string;
  kernel: string;
  cgroupVersion: string;
  cores: number;
  memoryBytes: number;
  /** How far the engine's clock is ahead of ours; null when it does not tell its time. */
  clockAheadMs: number | null;
}

export interface EngineEvent {
  /** The engine's own time, epoch milliseconds. */
  atMs: number;
  /** container or network. */
  type: string;
  action: string;
  containerId: string;
  attributes: Readonly<Record<string, string>>;
}

export interface ExecResult {
  exitCode: number;
  output: string;
}

/**
 * Every call ends by the signal. Errors are EncoreErrors with a code: ENGINE_UNSUPPORTED (the engine cannot do this),
 * ENGINE_REFUSED (it could and would not), ENGINE_UNREACHABLE. "Already so" counts as done.
 */
export interface Engine {
  facts(signal: AbortSignal): Promise<EngineFacts>;
  list(project: string, signal: AbortSignal): Promise<ContainerSummary[]>;
  inspect(id: string, signal: AbortSignal): Promise<ContainerView>;
  stats(id: string, signal: AbortSignal): Promise<ContainerStats>;
  kill(id: string, signalName: string, signal: AbortSignal): Promise<void>;
  start(id: string, signal: AbortSignal): Promise<void>;
  restart(id: string, signal: AbortSignal): Promise<void>;
  pause(id: string, signal: AbortSignal): Promise<void>;
  unpause(id: string, signal: AbortSignal): Promise<void>;
  /** Memory and swap limit travel together, or the engine refuses. */
  updateMemory(id: string, memoryBytes: number, memswapBytes: number, signal: AbortSignal): Promise<void>;
  updateCpus(id: string, cpus: number, signal: AbortSignal): Promise<void>;
  disconnect(id: string, networkId: string, signal: AbortSignal): Promise<void>;
  connect(id: string, endpoint: Endpoint, signal: AbortSignal): Promise<void>;
  /** Runs a program of the image in the container and waits for its end. */
  exec(id: string, command: readonly string[], signal: AbortSignal): Promise<ExecResult>;
  /** The last lines of a container's output since then, in the frames of the engine's stream. */
  logs(id: string, sinceMs: number, maxLines: number, signal: AbortSignal): Promise<Buffer>;
  /** Calls back for each event of the project from `sinceMs` on, until the signal or until the engine hangs up. */
  watch(project: string, sinceMs: number, onEvent: (event: EngineEvent) => void, signal: AbortSignal): Promise<void>;
}

/** The labels by which a container says who it is and what may be done to it. */
export const label = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  /** `True` for a container of `docker compose run`. */
  oneoff: 'com.docker.compose.oneoff',
  composeVersion: 'com.docker.compose.version',
  /** The folder of the checkout. */
  checkout: 'com.docker.compose.project.working_dir',
  target: 'encore.target',
  accepts: 'encore.accepts',
  /** With a kind behind it: why this lab cannot do that to this container. */
  cannot: 'encore.cannot.',
  memory: 'encore.baseline.memory',
  memswap: 'encore.baseline.memswap',
  cpus: 'encore.baseline.cpus',
} as const;

/** The name under which a container stands in the history. */
export function nameOf(labels: Readonly<Record<string, string>>, fallback: string): string {
  return labels[label.target] ?? labels[label.service] ?? fallback;
}
