/**
 * The engine's API through dockerode, on a Unix socket. Responses are parsed, because two different
 * engines are supported.
 */
import type { ErrorCode } from '@encore/contracts/errors';
import { EncoreError, systemClock } from '@encore/kit';
import Docker from 'dockerode';
import {
  eventSchema,
  type InspectAnswer,
  infoSchema,
  inspectSchema,
  listSchema,
  policyText,
  statsSchema,
  toEvent,
  toStats,
  toView,
  versionSchema,
} from './docker-answers.ts';
import type {
  ContainerStats,
  ContainerSummary,
  ContainerView,
  Endpoint,
  Engine,
  EngineEvent,
  EngineFacts,
  ExecResult,
} from './engine.ts';
import { label } from './engine.ts';
import { signalProcessOf } from './host-process.ts';

/** Events to watch; those of health checks, which run as exec, would drown the others. */
const watched = [
  'create',
  'start',
  'restart',
  'stop',
  'kill',
  'die',
  'oom',
  'pause',
  'unpause',
  'update',
  'destroy',
  'health_status',
  'connect',
  'disconnect',
];
const maxOutput = 4_000;

export class DockerEngine implements Engine {
  readonly #docker: Docker;

  constructor(socketPath: string) {
    this.#docker = new Docker({ socketPath });
  }

  async facts(signal: AbortSignal): Promise<EngineFacts> {
    const version = await call('version', signal, () => this.#docker.version());
    const askedAt = systemClock.now();
    const info = await call('info', signal, () => this.#docker.info());
    const answeredAt = systemClock.now();
    const { Version, KernelVersion, Platform } = versionSchema.parse(version);
    const { CgroupVersion, NCPU, MemTotal, SystemTime } = infoSchema.parse(info);
    return {
      engine: Platform?.Name || 'Docker Engine',
      version: Version,
      kernel: KernelVersion,
      cgroupVersion: CgroupVersion,
      cores: NCPU,
      memoryBytes: MemTotal,
      clockAheadMs: SystemTime === undefined ? null : Date.parse(SystemTime) - (askedAt + answeredAt) / 2,
    };
  }

  async list(project: string, signal: AbortSignal): Promise<ContainerSummary[]> {
    const filters = { label: [`${label.project}=${project}`] };
    const answer = await call('list', signal, () =>
      this.#docker.listContainers({ all: true, filters, abortSignal: signal }),
    );
    return listSchema.parse(answer).map(({ Id, Names, Image, Labels }) => ({
      id: Id,
      name: (Names[0] ?? Id).replace(/^\//, ''),
      image: Image,
      labels: Labels,
    }));
  }

  async inspect(id: string, signal: AbortSignal): Promise<ContainerView> {
    return toView(await this.#inspect(id, signal));
  }

  async #inspect(id: string, signal: AbortSignal): Promise<InspectAnswer> {
    const answer = await call('inspect', signal, () => this.#docker.getContainer(id).inspect({ abortSignal: signal }));
    return inspectSchema.parse(answer);
  }

  async stats(id: string, signal: AbortSignal): Promise<ContainerStats> {
    const options = { stream: false as const, 'one-shot': true, abortSignal: signal };
    const answer: unknown = await call('stats', signal, () => this.#docker.getContainer(id).stats(options));
    return toStats(statsSchema.parse(answer));
  }

  async kill(id: string, signalName: string, signal: AbortSignal): Promise<void> {
    await this.#do('kill', signal, () =>
      this.#docker.getContainer(id).kill({ signal: signalName, abortSignal: signal }),
    );
  }

  async signalProcess(id: string, signalName: string, signal: AbortSignal): Promise<void> {
    const { pid, name } = await this.inspect(id, signal);
    await signalProcessOf({ id, pid, name }, signalName);
  }

  async start(id: string, signal: AbortSignal): Promise<void> {
    await this.#do('start', signal, () => this.#docker.getContainer(id).start({ abortSignal: signal }));
  }

  async restart(id: string, signal: AbortSignal): Promise<void> {
    await this.#do('restart', signal, () => this.#docker.getContainer(id).restart({ abortSignal: signal }));
  }

  async pause(id: string, signal: AbortSignal): Promise<void> {
    await this.#do('pause', signal, () => this.#docker.getContainer(id).pause({ abortSignal: signal }));
  }

  async unpause(id: string, signal: AbortSignal): Promise<void> {
    await this.#do('unpause', signal, () => this.#docker.getContainer(id).unpause({ abortSignal: signal }));
  }

  async updateMemory(id: string, memoryBytes: number, memswapBytes: number, signal: AbortSignal): Promise<void> {
    await this.#update(id, { Memory: memoryBytes, MemorySwap: memswapBytes }, signal);
  }

  async updateCpus(id: string, cpus: number, signal: AbortSignal): Promise<void> {
    await this.#update(id, { NanoCpus: Math.round(cpus * 1e9) }, signal);
  }

  /**
   * Docker keeps the restart policy when an update omits it; Podman's API drops it, and then
   * nothing restarts the container after a crash. So the update repeats the policy that was read
   * before, and the policy is read back.
   */
  async #update(id: string, limits: Record<string, number>, signal: AbortSignal): Promise<void> {
    const policyNow = async () => (await this.#inspect(id, signal)).HostConfig.RestartPolicy;
    const policy = await policyNow();
    const body = { ...limits, RestartPolicy: policy, abortSignal: signal };
    await this.#do('update', signal, () => this.#docker.getContainer(id).update(body));
    const after = await policyNow();
    if (after.Name === policy.Name && after.MaximumRetryCount === policy.MaximumRetryCount) return;
    const message = `the engine changed the restart policy from ${policyText(policy)} to ${policyText(after)} when the limits were updated`;
    throw new EncoreError(
      'RESTART_POLICY_LOST',
      `${message}; restore it with docker update --restart=${policyText(policy)} ${id}`,
    );
  }

  async disconnect(id: string, networkId: string, signal: AbortSignal): Promise<void> {
    const body = { Container: id, Force: true, abortSignal: signal };
    await this.#do('disconnect', signal, () => this.#docker.getNetwork(networkId).disconnect(body));
  }

  async connect(id: string, endpoint: Endpoint, signal: AbortSignal): Promise<void> {
    const config = {
      Aliases: endpoint.aliases,
      ...(endpoint.fixedAddress === '' ? {} : { IPAMConfig: { IPv4Address: endpoint.fixedAddress } }),
    };
    const body = { Container: id, EndpointConfig: config, abortSignal: signal };
    await this.#do('connect', signal, () => this.#docker.getNetwork(endpoint.networkId).connect(body));
  }

  async exec(id: string, command: readonly string[], signal: AbortSignal): Promise<ExecResult> {
    const options = { Cmd: [...command], AttachStdout: true, AttachStderr: true, abortSignal: signal };
    const exec = await call('exec', signal, () => this.#docker.getContainer(id).exec(options));
    const stream = await call('exec', signal, () => exec.start({ abortSignal: signal }));
    const output = await call('exec', signal, () => startOf(stream));
    const { ExitCode } = await call('exec', signal, () => exec.inspect({ abortSignal: signal }));
    // The stream has frames with 8 header bytes; for a line of evidence, removing them is enough.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the frame headers
    return { exitCode: ExitCode ?? -1, output: output.replace(/[\x00-\x08]+./g, '').trim() };
  }

  async logs(id: string, sinceMs: number, maxLines: number, signal: AbortSignal): Promise<Buffer> {
    const since = Math.floor(sinceMs / 1_000);
    const options = { stdout: true, stderr: true, since, tail: maxLines, follow: false as const, abortSignal: signal };
    return await call('logs', signal, () => this.#docker.getContainer(id).logs(options));
  }

  async watch(
    project: string,
    sinceMs: number,
    onEvent: (event: EngineEvent) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const filters: Docker.GetEventsOptions['filters'] = { type: ['container', 'network'], event: watched };
    // dockerode types `since` as whole seconds; the engine also takes fractions, as text.
    const since = (Math.floor(sinceMs) / 1_000).toFixed(3) as unknown as number;
    const stream = await call('events', signal, () => this.#docker.getEvents({ since, filters, abortSignal: signal }));
    let rest = '';
    try {
      for await (const chunk of stream) {
        const lines = (rest + String(chunk)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const event = line.trim() === '' ? null : toEvent(eventSchema.parse(JSON.parse(line)), project);
          if (event) onEvent(event);
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Performs a change; a container that is already in the wanted state counts as done. */
  async #do(what: string, signal: AbortSignal, act: () => Promise<unknown>): Promise<void> {
    try {
      await call(what, signal, act);
    } catch (error) {
      if (!(error instanceof EncoreError && error.code === 'ENGINE_ALREADY_DONE')) throw error;
    }
  }
}

/** Reads the whole stream, and keeps its start. */
async function startOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of stream) if (text.length < maxOutput) text += String(chunk);
  return text;
}

/**
 * pause 409, unpause 500, kill 409, start and stop 304: engines report that the state is already
 * reached in different ways.
 */
const alreadyDone =
  /is already paused|is not paused|is not running|already started|already in use by|is already (attached|connected)|endpoint with name .* already exists|is not connected/i;

async function call<T>(what: string, signal: AbortSignal, act: () => Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  try {
    // Some calls of dockerode ignore the signal, so the wait itself is aborted.
    return await Promise.race([act(), aborted.promise]);
  } catch (error) {
    throw engineError(what, error);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function engineError(what: string, error: unknown): EncoreError {
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 0;
  const message = error instanceof Error ? error.message.trim() : String(error);
  const named = (code: ErrorCode) =>
    new EncoreError(code, `${what}: ${message}`, { status: status >= 400 ? status : 503, cause: error });
  if (status === 0) return named('ENGINE_UNREACHABLE');
  if (status === 304 || (alreadyDone.test(message) && status !== 404)) return named('ENGINE_ALREADY_DONE');
  if (status === 501) return named('ENGINE_UNSUPPORTED');
  return named('ENGINE_REFUSED');
}
