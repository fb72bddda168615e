/**
 * The main thread's side of the workload: starts its users, receives what they report, and calls
 * its other functions. The protocol is in worker/messages.ts.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loadingMs } from '@encore/contracts';
import { type Clock, describeError, EncoreError, systemClock } from '@encore/kit';
import type { ListedObject, Probe, StallCall } from '@encore/workload';
import { pathOfPlace } from './worker/location.ts';
import type {
  Call,
  FoundObject,
  FromWorker,
  Report,
  RunSettings,
  StartedUser,
  ToWorker,
  UserEntry,
  WorkerOptions,
  WorkloadDescription,
  WorkloadFailure,
} from './worker/messages.ts';
import { outOfMemory, type StartThread, startThread, type WorkloadThread } from './workload-thread.ts';
import { WorkloadWatch } from './workload-watch.ts';

export interface WorkloadListener {
  /** Resolves when the entry is on disk. */
  write: (entry: UserEntry, bytes: number) => Promise<void>;
  report: (report: Report) => void;
  failed: (failure: WorkloadFailure) => void;
  /** 99th percentile of the thread's event-loop delay over the last few seconds. */
  loopDelay: (p99Ms: number) => void;
  /** The thread was ended, or ended itself. Its users are gone. */
  died: () => void;
}

/** Loads the workload once, to know its operations before the first run. */
export async function describeWorkload(workload: string, targetUrl: string): Promise<WorkloadDescription> {
  const options = { workload, targetUrl, backoffMs: [0, 0] } as const;
  await using host = await WorkloadHost.open(options, startThread, systemClock);
  return host.description;
}

export interface CallOptions {
  run: Pick<RunSettings, 'runId' | 'parameters'>;
  timeoutMs: number;
  signal?: AbortSignal;
}

/** Resolves if the thread ends or is still loading after a minute; rejects if the signal aborts. */
async function whyNotLoaded(thread: WorkloadThread, workload: string, signal: AbortSignal): Promise<string> {
  const file = fileURLToPath(workload);
  const ended = thread.ended.then((error) => {
    return `${file}: ${error === null ? 'it ended its thread while it was loaded' : describeError(error)}`;
  });
  const late = delay(loadingMs, null, { signal }).then(async () => {
    const path = pathOfPlace(await thread.locate(), workload);
    return `${path}: it did not load within ${loadingMs / 1_000} s. Start nothing at the top level that takes long`;
  });
  return await Promise.race([ended, late]);
}

interface OpenCall {
  done: (value: unknown) => void;
  failed: (error: Error) => void;
  items: (items: unknown[]) => void;
}

export class WorkloadHost implements AsyncDisposable {
  readonly description: WorkloadDescription;
  listener: WorkloadListener | null = null;
  readonly #thread: WorkloadThread;
  readonly #clock: Clock;
  readonly #calls = new Map<number, OpenCall>();
  readonly #flushes = new Map<number, () => void>();
  readonly #usersEnded = Promise.withResolvers<void>();
  #lastCall = 0;
  #isOver = false;
  readonly #watch: WorkloadWatch;
  /** When the thread last sent something. */
  #heardAt: number;
  /** The place in the workload that held most of the memory when it ran out. */
  #leak: string | null = null;

  /** Rejects if the workload cannot be loaded. */
  static async open(options: WorkerOptions, startThread: StartThread, clock: Clock): Promise<WorkloadHost> {
    const thread = startThread(options);
    const stop = new AbortController();
    const first = await Promise.race([
      new Promise<FromWorker>((done) => thread.onMessage(done)),
      whyNotLoaded(thread, options.workload, stop.signal).then((message) => ({ type: 'refused', message }) as const),
    ]);
    stop.abort();
    if (first.type === 'loaded') return new WorkloadHost(thread, first.description, clock);
    await thread[Symbol.asyncDispose]();
    const message = first.type === 'refused' ? first.message : `unexpected message ${first.type}`;
    throw new EncoreError('INVALID_CONFIG', message);
  }

  private constructor(thread: WorkloadThread, description: WorkloadDescription, clock: Clock) {
    this.#thread = thread;
    this.description = description;
    this.#clock = clock;
    this.#heardAt = clock.now();
    thread.onMessage((message) => this.#receive(message));
    void thread.ended.then((error) => this.#died(error));
    this.#watch = new WorkloadWatch({
      clock,
      ping: () => this.#post({ type: 'flush', flush: 0 }),
      locate: () => thread.locate(),
      cpuMs: () => thread.cpuMs(),
      failed: (failure) => this.listener?.failed(failure),
      end: () => {
        void this[Symbol.asyncDispose]();
        this.listener?.died();
      },
    });
  }

  /** Resolves when all users have ended. */
  async runUsers(run: RunSettings, users: StartedUser[]): Promise<void> {
    this.#post({ type: 'start', run, users });
    await this.#usersEnded.promise;
  }

  stop(): void {
    this.#post({ type: 'stop' });
  }

  cancel(): void {
    this.#post({ type: 'cancel' });
  }

  /** Resolves when everything that users did until now has been reported, or after `timeoutMs`. */
  async flush(timeoutMs: number): Promise<void> {
    this.#lastCall += 1;
    const flush = this.#lastCall;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#flushes.set(flush, resolve);
    const timer = setTimeout(resolve, timeoutMs);
    this.#post({ type: 'flush', flush });
    await promise;
    clearTimeout(timer);
    this.#flushes.delete(flush);
  }

  async probe(number: number, run: CallOptions['run']): Promise<Probe> {
    return (await this.#call('probe', number, { run, timeoutMs: 0 })) as Probe;
  }

  /** The `number`-th slow call of a stall, or its quick call. */
  async stallCall(number: number | 'quick', run: CallOptions['run']): Promise<StallCall> {
    const options = { run, timeoutMs: 0 };
    const call = number === 'quick' ? this.#call('quickCall', '', options) : this.#call('slowCall', number, options);
    return (await call) as StallCall;
  }

  async readBack(id: string, options: CallOptions): Promise<FoundObject> {
    return (await this.#call('readBack', id, options)) as FoundObject;
  }

  async remove(id: string, options: CallOptions): Promise<void> {
    await this.#call('remove', id, options);
  }

  /** Calls `setup` or `teardown`. */
  async prepare(name: 'setup' | 'teardown', options: CallOptions): Promise<void> {
    await this.#call(name, '', options);
  }

  async *list(prefix: string, options: CallOptions): AsyncGenerator<ListedObject> {
    const pages: ListedObject[][] = [];
    let arrived = Promise.withResolvers<void>();
    const call = this.#begin('list', prefix, options, (items) => {
      pages.push(items as ListedObject[]);
      arrived.resolve();
    });
    let isDone = false;
    const ended = call.result.then(() => {
      isDone = true;
      arrived.resolve();
    });
    ended.catch(() => {});
    for (;;) {
      await Promise.race([arrived.promise, ended]);
      arrived = Promise.withResolvers();
      const page = pages.shift();
      if (page !== undefined) {
        yield* page;
        this.#post({ type: 'more', call: call.number });
      } else if (isDone) return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#watch[Symbol.dispose]();
    await this.#thread[Symbol.asyncDispose]();
    this.#end(new EncoreError('CLOSED', 'the workload was closed'));
  }

  async #call(name: Call['name'], argument: string | number, options: CallOptions): Promise<unknown> {
    return this.#begin(name, argument, options, () => {}).result;
  }

  #begin(
    name: Call['name'],
    argument: string | number,
    { run, timeoutMs, signal }: CallOptions,
    items: OpenCall['items'],
  ): { number: number; result: Promise<unknown> } {
    this.#lastCall += 1;
    const number = this.#lastCall;
    const { promise, resolve: done, reject: failed } = Promise.withResolvers<unknown>();
    const onAbort = () => this.#post({ type: 'abort', call: number });
    this.#calls.set(number, { done, failed, items });
    signal?.addEventListener('abort', onAbort, { once: true });
    if (this.#isOver) failed(new EncoreError('WORKLOAD_FAILED', 'the workload has ended'));
    const { runId, parameters } = run;
    this.#post({ type: 'call', call: number, what: { name, argument, run: { runId, parameters }, timeoutMs } });
    if (signal?.aborted) onAbort();
    const result = promise.finally(() => {
      signal?.removeEventListener('abort', onAbort);
      this.#calls.delete(number);
    });
    return { number, result };
  }

  #receive(message: FromWorker): void {
    this.#heardAt = this.#clock.now();
    switch (message.type) {
      case 'write':
        void this.#write(message.entry, message.user, message.bytes);
        break;
      case 'report':
        this.listener?.report(message.report);
        break;
      case 'flushed':
        this.#watch.heard(message.cpuMs);
        this.#flushes.get(message.flush)?.();
        break;
      case 'items':
        this.#calls.get(message.call)?.items(message.items);
        break;
      case 'result': {
        const call = this.#calls.get(message.call);
        const { error, value } = message;
        if (error === null) call?.done(value);
        else call?.failed(new EncoreError(error.code, error.message));
        break;
      }
      case 'failed':
        this.listener?.failed(message.failure);
        break;
      case 'loop_delay':
        this.listener?.loopDelay(message.p99Ms);
        break;
      case 'heap':
        this.#leak = message.location;
        break;
      case 'ended':
        this.#usersEnded.resolve();
        break;
      case 'loaded':
      case 'refused':
        break;
    }
  }

  async #write(entry: number, user: UserEntry, bytes: number): Promise<void> {
    let error: string | null = null;
    try {
      await this.listener?.write(user, bytes);
    } catch (thrown) {
      error = String(thrown);
    }
    this.#post({ type: 'written', entry, error });
  }

  #died(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#watch[Symbol.dispose]();
    const isLeak = error instanceof Error && 'code' in error && error.code === outOfMemory;
    const problem = isLeak ? 'it used too much memory' : error === null ? 'it ended its thread' : describeError(error);
    const location = isLeak ? this.#leak : null;
    const toAt = this.#clock.now();
    this.listener?.failed({ fromAt: this.#heardAt, toAt, where: 'thread', problem, location });
    this.#end(new EncoreError('WORKLOAD_FAILED', problem));
    this.listener?.died();
  }

  #end(error: Error): void {
    for (const { failed } of this.#calls.values()) failed(error);
    for (const done of this.#flushes.values()) done();
    this.#usersEnded.resolve();
  }

  #post(message: ToWorker): void {
    if (!this.#isOver) this.#thread.post(message);
  }
}
