/**
 * The worker's side of the message channel: loads the workload, runs users, and performs calls.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '@encore/kit/clock';
import { EncoreError } from '@encore/kit/encore-error';
import { Random } from '@encore/kit/random';
import { CheckFailed, type Context, type RunInfo } from '@encore/workload';
import type { Pool } from 'undici';
import { poolOf } from '../http/exchange.ts';
import { problemOfProbe } from './check-request.ts';
import { contextHttp } from './context-http.ts';
import { untilHung } from './hang-watch.ts';
import { describeWorkload, loadWorkload } from './load-workload.ts';
import { frameOf, locationOf } from './location.ts';
import { LoopWatch, threadCpuMs } from './loop-watch.ts';
import type {
  Call,
  CallError,
  FoundObject,
  FromWorker,
  Report,
  RunSettings,
  StartedUser,
  ToWorker,
  UserEntry,
  WorkerOptions,
  WorkloadDescription,
} from './messages.ts';
import { Reporter } from './reporter.ts';
import type { AnyWorkload } from './user-plan.ts';
import { VirtualUser } from './virtual-user.ts';

const callConnections = 8;
/** For a call that sends no requests. */
const ownCallMs = 10_000;
/** Characters of a failed check that are kept. */
const maxProblem = 300;
/** Items of a list that cross at once. */
const pageSize = 500;

/** `afterOperation` is called when an operation of any user has ended. */
export async function serveWorkload(
  port: MessagePort,
  options: WorkerOptions,
  clock: Clock,
  afterOperation: () => void = () => {},
): Promise<void> {
  const send = (message: FromWorker) => port.postMessage(message);
  let workload: AnyWorkload;
  let description: WorkloadDescription;
  try {
    workload = await loadWorkload(options.workload);
    description = await describeWorkload(workload, options.workload);
  } catch (error) {
    send({ type: 'refused', message: error instanceof Error ? error.message : String(error) });
    return;
  }
  const server = new WorkloadServer(workload, options, clock, send, afterOperation);
  port.on('message', (message: ToWorker) => server.receive(message));
  send({ type: 'loaded', description });
}

class WorkloadServer {
  readonly #workload: AnyWorkload;
  readonly #options: WorkerOptions;
  readonly #clock: Clock;
  readonly #send: (message: FromWorker) => void;
  readonly #afterOperation: () => void;
  readonly #stopping = new AbortController();
  readonly #cancel = new AbortController();
  readonly #callPool: Pool;
  readonly #entries = new Map<number, { done: () => void; failed: (error: Error) => void }>();
  readonly #calls = new Map<number, { abort: AbortController; more: () => void }>();
  readonly #loop: LoopWatch;
  #reporter: Reporter | null = null;
  #lastEntry = 0;

  constructor(
    workload: AnyWorkload,
    options: WorkerOptions,
    clock: Clock,
    send: (message: FromWorker) => void,
    afterOperation: () => void,
  ) {
    this.#afterOperation = afterOperation;
    this.#workload = workload;
    this.#options = options;
    this.#clock = clock;
    this.#send = send;
    this.#callPool = poolOf(options.targetUrl, callConnections);
    this.#loop = new LoopWatch({ nowMs: () => clock.now(), cpuMs: threadCpuMs });
  }

  receive(message: ToWorker): void {
    switch (message.type) {
      case 'start':
        void this.#start(message.run, message.users);
        break;
      case 'stop':
        this.#stopping.abort(new Error('the run was stopped'));
        break;
      case 'cancel':
        this.#stopping.abort(new Error('the run was stopped'));
        this.#cancel.abort(new Error('the grace period is over'));
        break;
      case 'written':
        this.#written(message.entry, message.error);
        break;
      case 'flush':
        this.#reporter?.flush();
        this.#send({ type: 'flushed', flush: message.flush, cpuMs: threadCpuMs() });
        break;
      case 'call':
        void this.#call(message.call, message.what);
        break;
      case 'more':
        this.#calls.get(message.call)?.more();
        break;
      case 'abort':
        this.#calls.get(message.call)?.abort.abort(new Error('the call was aborted'));
        break;
    }
  }

  async #start(run: RunSettings, users: StartedUser[]): Promise<void> {
    const dispatcher = poolOf(this.#options.targetUrl, users.length + 2);
    const operations = Object.keys(this.#workload.operations);
    const send = (report: Report) => this.#send({ type: 'report', report });
    const reporter = new Reporter(operations, send, this.#afterOperation);
    this.#reporter = reporter;
    const random = new Random(run.seed);
    const transport = {
      dispatcher,
      clock: this.#clock,
      errors: this.#workload.errors,
      cancel: this.#cancel.signal,
      backoffMs: this.#options.backoffMs,
      blockedMsSince: (at: number) => this.#loop.blockedMsSince(at),
    };
    const running = users.map(async ({ number, startsAt }) => {
      await this.#clock.sleep(startsAt - this.#clock.now(), this.#stopping.signal).catch(() => {});
      if (this.#stopping.signal.aborted) return;
      const user = new VirtualUser(number, random.fork(`users/${number}`), {
        workload: this.#workload,
        run,
        transport,
        record: (entry, bytes) => this.#record(entry, bytes),
        stopping: this.#stopping.signal,
        reporter,
        workloadFailed: (where, error, fromAt, elsewhere) => this.#failed(where, error, fromAt, elsewhere),
      });
      reporter.usersChanged(1);
      await user.run(startsAt);
      reporter.usersChanged(-1);
    });
    await Promise.all(running);
    reporter.flush();
    this.#send({ type: 'ended' });
    await dispatcher.destroy();
  }

  /** Resolves when the main thread has the entry on disk. */
  #record(user: UserEntry, bytes: number): Promise<void> {
    this.#lastEntry += 1;
    const entry = this.#lastEntry;
    return new Promise((done, failed) => {
      this.#entries.set(entry, { done, failed });
      this.#send({ type: 'write', entry, user, bytes });
    });
  }

  #written(number: number, error: string | null): void {
    const waiting = this.#entries.get(number);
    this.#entries.delete(number);
    if (error === null) waiting?.done();
    else waiting?.failed(new Error(error));
  }

  #failed(where: string, error: unknown, fromAt: number, elsewhere?: () => string | null): void {
    const toAt = this.#clock.now();
    const { problem, location } = locationOf(error, this.#options.workload, elsewhere);
    this.#send({ type: 'failed', failure: { fromAt, toAt, where, problem, location } });
  }

  async #call(number: number, what: Call): Promise<void> {
    const abort = new AbortController();
    const fromAt = this.#clock.now();
    let more = Promise.withResolvers<void>();
    const next = () => {
      more.resolve();
      more = Promise.withResolvers();
    };
    this.#calls.set(number, { abort, more: next });
    const emit = async (items: unknown[]) => {
      const wait = more.promise;
      this.#send({ type: 'items', call: number, items });
      await wait;
      abort.signal.throwIfAborted();
    };
    abort.signal.addEventListener('abort', next);
    let value: unknown;
    let error: CallError | null = null;
    try {
      const deadlineAt = fromAt + (what.timeoutMs || ownCallMs);
      value = await untilHung(this.#perform(what, abort.signal, emit), {
        now: this.#clock.now,
        deadlineAt: () => deadlineAt,
      });
    } catch (thrown) {
      const definition = () => frameOf(this.#codeOf(what.name));
      error = this.#callError(thrown, abort.signal, definition);
      if (error.code === 'WORKLOAD_FAILED') this.#failed(what.name, thrown, fromAt, definition);
    }
    this.#calls.delete(number);
    this.#send({ type: 'result', call: number, value, error });
  }

  async #perform(what: Call, signal: AbortSignal, emit: (items: unknown[]) => Promise<void>): Promise<unknown> {
    const { name, argument, run, timeoutMs } = what;
    const workload = this.#workload;
    if (name === 'probe') return this.#probe(run, Number(argument));
    if (name === 'slowCall') return workload.faults?.stall?.slowCall({ ...run, number: Number(argument) });
    if (name === 'quickCall') return workload.faults?.stall?.quickCall(run);
    const deadlineAt = this.#clock.now() + timeoutMs;
    const options = {
      dispatcher: this.#callPool,
      clock: this.#clock,
      clientId: `${run.runId}-own`,
      deadlineAt,
      signal,
    };
    const context: Context = { ...run, http: contextHttp(options) };
    if (name === 'setup') return workload.setup?.(context);
    if (name === 'teardown') return workload.teardown?.(context);
    if (name === 'remove') return workload.remove?.(context, String(argument));
    if (name === 'readBack') return this.#readBack(context, String(argument));
    let page: unknown[] = [];
    for await (const item of workload.list?.(context, String(argument)) ?? []) {
      page.push(listedOf(item, String(argument)));
      if (page.length < pageSize) continue;
      await emit(page);
      page = [];
    }
    if (page.length > 0) await emit(page);
    return null;
  }

  /** An object whose response fails a check is there, but not as it was written. */
  async #readBack(context: Context, id: string): Promise<FoundObject> {
    try {
      return storedOf(await this.#workload.readBack?.(context, id));
    } catch (error) {
      const isWrong = error instanceof CheckFailed && ['corrupt', 'stale'].includes(error.failure.outcome);
      if (isWrong) return { problem: error.message.slice(0, maxProblem) };
      throw error;
    }
  }

  #codeOf(name: Call['name']): (...inputs: never[]) => unknown {
    const { faults, ...workload } = this.#workload;
    const code = name === 'slowCall' || name === 'quickCall' ? faults?.stall?.[name] : workload[name];
    return typeof code === 'function' ? code : () => {};
  }

  async #probe(run: RunInfo, number: number): Promise<unknown> {
    const { probe } = this.#workload;
    if (typeof probe !== 'function') return probe;
    const next = await probe({ ...run, number });
    const problem = problemOfProbe(next);
    if (problem !== null) throw new TypeError(problem);
    return next;
  }

  #callError(thrown: unknown, signal: AbortSignal, definition: () => string | null): CallError {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    if (signal.aborted) return { code: 'ABORTED', message };
    if (thrown instanceof EncoreError) return { code: thrown.code, message };
    if (thrown instanceof CheckFailed) return { code: 'WRONG_ANSWER', message };
    const { problem, location } = locationOf(thrown, this.#options.workload, definition);
    const place = location === null ? '' : ` (${location})`;
    return { code: 'WORKLOAD_FAILED', message: `the workload failed${place}: ${problem}` };
  }
}

function storedOf(stored: unknown): FoundObject {
  if (stored === null) return null;
  const { digest, version } =
    typeof stored === 'string' ? { digest: stored } : (Object(stored) as Record<string, unknown>);
  const isVersion = version === undefined || Number.isSafeInteger(version);
  if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest) || !isVersion)
    throw new TypeError(
      `readBack returned ${JSON.stringify(stored)}; return digestOf(...), { digest, version } or null`,
    );
  return version === undefined ? { digest } : { digest, version: version as number };
}

function listedOf(listed: unknown, prefix: string): { id: string; digest?: string; version?: number } {
  const item = typeof listed === 'string' ? { id: listed } : listed;
  if (typeof item !== 'object' || item === null || !('id' in item) || typeof item.id !== 'string')
    throw new TypeError(`list yielded ${JSON.stringify(listed)}; yield ids, or { id, digest, version }`);
  if (!item.id.startsWith(prefix))
    throw new TypeError(`list yielded ${JSON.stringify(item.id)}, which does not start with ${JSON.stringify(prefix)}`);
  return item as { id: string };
}
