/**
 * What the injector needs from a container engine: no create, no images, no volumes, and one fixed
 * program for exec. Implemented over the Docker API, which the process engine serves too, and by a
 * fake for tests and the simulation.
 */
import type { RestartSetup } from '@encore/contracts';

export interface ContainerSummary {
  id: string;
  name: string;
  /** Name of the image, or its id once the name refers to another image. */
  image: string;
  labels: Readonly<Record<string, string>>;
}

export interface Endpoint {
  networkId: string;
  aliases: string[];
  /** A fixed address from the Compose file, or empty. */
  fixedAddress: string;
}

/** `image` is the name by which the container was created. */
export interface ContainerView extends ContainerSummary {
  /** created, running, paused, restarting, exited, dead. */
  status: string;
  health: string;
  exitCode: number;
  restartCount: number;
  /** Process id of the first process on the host; 0 while none runs. */
  pid: number;
  startedAtMs: number;
  memoryBytes: number;
  memswapBytes: number;
  cpus: number;
  restartSetup: RestartSetup;
  /** How often the engine checks its health, in seconds; null if it does not. */
  healthCheckSeconds: number | null;
  /** Published host ports. */
  publishedPorts: readonly number[];
  networks: Readonly<Record<string, Endpoint>>;
  /** In all networks; none while it does not run. */
  addresses: readonly string[];
}

export interface ContainerStats {
  /** Without memory that the kernel can reclaim at once. */
  memoryBytes: number;
  /** The kernel's limit, which is authoritative for a cap. */
  memoryLimitBytes: number;
  cpuSeconds: number;
  /** Scheduler periods since the start in which the kernel throttled it; 0 without a limit. */
  throttledPeriods: number;
}

export interface EngineFacts {
  engine: string;
  version: string;
  kernel: string;
  cgroupVersion: string;
  cores: number;
  memoryBytes: number;
  /** How far the engine's clock is ahead of ours; null when the engine does not report its time. */
  clockAheadMs: number | null;
}

export interface EngineEvent {
  /** The engine's time, epoch milliseconds. */
  atMs: number;
  /** `container` or `network`. */
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
 * The signal aborts every call. Throws EncoreErrors with the code ENGINE_UNSUPPORTED (the engine
 * does not support this), ENGINE_REFUSED (it can but did not) or ENGINE_UNREACHABLE. A container
 * that is already in the wanted state counts as done.
 */
export interface Engine {
  facts(signal: AbortSignal): Promise<EngineFacts>;
  list(project: string, signal: AbortSignal): Promise<ContainerSummary[]>;
  inspect(id: string, signal: AbortSignal): Promise<ContainerView>;
  stats(id: string, signal: AbortSignal): Promise<ContainerStats>;
  kill(id: string, signalName: string, signal: AbortSignal): Promise<void>;
  /**
   * Sends a signal directly to the main process, bypassing the engine, which sees a crash: the
   * restart policy applies, whatever it is.
   */
  signalProcess(id: string, signalName: string, signal: AbortSignal): Promise<void>;
  start(id: string, signal: AbortSignal): Promise<void>;
  restart(id: string, signal: AbortSignal): Promise<void>;
  pause(id: string, signal: AbortSignal): Promise<void>;
  unpause(id: string, signal: AbortSignal): Promise<void>;
  /** Memory and swap limits in one call; the engine refuses them separately. */
  updateMemory(id: string, memoryBytes: number, memswapBytes: number, signal: AbortSignal): Promise<void>;
  updateCpus(id: string, cpus: number, signal: AbortSignal): Promise<void>;
  disconnect(id: string, networkId: string, signal: AbortSignal): Promise<void>;
  connect(id: string, endpoint: Endpoint, signal: AbortSignal): Promise<void>;
  /** Runs a program of the image in the container and waits until it exits. */
  exec(id: string, command: readonly string[], signal: AbortSignal): Promise<ExecResult>;
  /**
   * Returns the last lines of a container's output since `sinceMs`, in the engine's stream frames.
   */
  logs(id: string, sinceMs: number, maxLines: number, signal: AbortSignal): Promise<Buffer>;
  /**
   * Calls back for each event of the project since `sinceMs`, until the signal aborts or the engine
   * disconnects.
   */
  watch(project: string, sinceMs: number, onEvent: (event: EngineEvent) => void, signal: AbortSignal): Promise<void>;
}

/** The labels that identify a container, permit faults on it, and record its original limits. */
export const label = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  /** Number of the replica, from 1. */
  number: 'com.docker.compose.container-number',
  /** `True` for a container of `docker compose run`. */
  oneoff: 'com.docker.compose.oneoff',
  composeVersion: 'com.docker.compose.version',
  /** Folder of the checkout. */
  checkout: 'com.docker.compose.project.working_dir',
  target: 'encore.target',
  /** Id of a run of a user's own project, on everything that the run creates. */
  run: 'encore.run',
  /** On the lab's own services in such a run: which one it is. */
  lab: 'encore.lab',
  memory: 'encore.original.memory',
  memswap: 'encore.original.memswap',
  cpus: 'encore.original.cpus',
} as const;

/** A container's service; a target behind a sidecar belongs to a service of another name. */
export const serviceOf = ({ labels }: Pick<ContainerSummary, 'labels'>): string | undefined =>
  labels[label.target] ?? labels[label.service];
