/**
 * One run of the load: ramping users, the probe, the ledger and the events of each second.
 *
 *   stop: no new operations ──▶ grace period ──▶ abort what is in flight ──▶ summary
 */
import { join } from 'node:path';
import type { EncoreEvent, LoadRunRequest } from '@encore/contracts';
import { type Clock, describeError, type Logger, Random } from '@encore/kit';
import { Pool } from 'undici';
import { GeneratorMonitor } from './generator-monitor.ts';
import { LatencyLog } from './latency-log.ts';
import { Ledger } from './ledger.ts';
import type { LoadgenMetrics } from './metrics.ts';
import { deleteOldScores } from './old-scores.ts';
import { Probe } from './probe.ts';
import type { ReadBackCounts } from './read-back.ts';
import { Recorder } from './recorder.ts';
import { sampleScores } from './sample-scores.ts';
import { ScoreClient } from './score-client.ts';
import { VirtualUser } from './virtual-user.ts';

export interface LoadRunOptions {
  request: LoadRunRequest;
  targetUrl: string;
  runsDir: string;
  clock: Clock;
  logger: Logger;
  metrics: LoadgenMetrics;
  add: (event: EncoreEvent) => void;
  /** Mean backoff before the second and the third attempt. */
  backoffMs: readonly [number, number];
}

const connectTimeoutMs = 3_000;
const monitorSeconds = 5;
/** Interval of the latency log. */
const intervalSeconds = 10;
const oldScoresMs = 20_000;
const sampleMs = 30_000;
const sampleSize = 50;

export class LoadRun implements AsyncDisposable {
  readonly request: LoadRunRequest;
  readonly recorder: Recorder;
  readonly ledger: Ledger;
  readonly startedAt: number;
  readonly users: VirtualUser[] = [];
  readonly #options: LoadRunOptions;
  readonly #stopping = new AbortController();
  readonly #cancel = new AbortController();
  readonly #usersPool: Pool;
  readonly #probePool: Pool;
  readonly #internalPool: Pool;
  readonly #latencies: LatencyLog;
  readonly #monitor: GeneratorMonitor;
  readonly #random: Random;
  #work: Promise<unknown> = Promise.resolve();

  static async start(options: LoadRunOptions): Promise<LoadRun> {
    const folder = join(options.runsDir, options.request.runId);
    const ledger = await Ledger.open(folder, options.clock);
    const latencies = await LatencyLog.open(folder, options.clock.now());
    const run = new LoadRun(options, ledger, latencies);
    run.#begin();
    return run;
  }

  private constructor(options: LoadRunOptions, ledger: Ledger, latencies: LatencyLog) {
    const { request, clock, metrics, targetUrl } = options;
    this.#options = options;
    this.request = request;
    this.ledger = ledger;
    this.#latencies = latencies;
    this.recorder = new Recorder(options.add, metrics, latencies);
    this.startedAt = clock.now();
    this.#random = new Random(request.seed);
    this.#monitor = new GeneratorMonitor(clock, metrics);
    const connect = { timeout: connectTimeoutMs };
    this.#usersPool = new Pool(targetUrl, { connections: request.users + 2, pipelining: 1, connect });
    // Enough connections that concurrent probes never wait for each other.
    this.#probePool = new Pool(targetUrl, {
      connections: request.load.probesPerSecond * 2 + 4,
      pipelining: 1,
      connect,
    });
    this.#internalPool = new Pool(targetUrl, { connections: 8, pipelining: 1, connect });
  }

  get ramping(): boolean {
    return this.#options.clock.now() < this.startedAt + this.request.rampSeconds * 1_000;
  }

  /** Resolves when all users have finished; aborts requests in flight after the grace period. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort(new Error('the run was stopped'));
    const timer = setTimeout(() => this.#cancel.abort(new Error('the grace period is over')), graceMs);
    await this.#work;
    clearTimeout(timer);
    const { add, clock } = this.#options;
    this.recorder.endSecond(clock.now());
    await this.#latencies.endInterval(clock.now());
    add(this.#monitor.measure());
    add(this.recorder.summary(clock.now()));
    this.#monitor[Symbol.dispose]();
  }

  /** Reads back a sample of the users' scores during the run; rejects if the run stops. */
  sample(progress: (done: number, total: number) => void): Promise<ReadBackCounts> {
    const { clock } = this.#options;
    const signal = this.#stopping.signal;
    return sampleScores({
      users: this.users,
      size: sampleSize,
      ledger: this.ledger,
      client: this.#client(sampleMs, signal),
      sleep: (ms) => clock.sleep(ms, signal),
      random: this.#random.fork(`sample-${clock.now()}`),
      progress,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new Error('closing'));
    this.#cancel.abort(new Error('closing'));
    await this.#work;
    this.#monitor[Symbol.dispose]();
    await Promise.all([this.#usersPool.destroy(), this.#probePool.destroy(), this.#internalPool.destroy()]);
    await this.ledger[Symbol.asyncDispose]();
    await this.#latencies[Symbol.asyncDispose]();
  }

  #begin(): void {
    const { users, rampSeconds } = this.request;
    const userRuns = Array.from({ length: users }, (_, i) => this.#runUser(i + 1, (i * rampSeconds * 1_000) / users));
    const { clock, metrics, add } = this.#options;
    const probe = new Probe({
      runId: this.request.runId,
      perSecond: this.request.load.probesPerSecond,
      dispatcher: this.#probePool,
      clock,
      ledger: this.ledger,
      metrics,
      add,
      started: (lateMs) => this.#monitor.started(lateMs),
    });
    const probing = probe.run(this.startedAt, this.#stopping.signal);
    const clearing = this.#clearOldScores();
    const ticking = this.#tick();
    this.#work = Promise.all([...userRuns, probing, clearing, ticking]).catch((error: unknown) => {
      this.#options.logger.error({ err: describeError(error) }, 'the load ended because of an internal error');
    });
  }

  async #runUser(number: number, delayMs: number): Promise<void> {
    const { clock, metrics, backoffMs } = this.#options;
    const signal = this.#stopping.signal;
    await clock.sleep(delayMs, signal).catch(() => {});
    if (signal.aborted) return;
    const user = new VirtualUser(number, this.#random.fork(`users/${number}`), {
      runId: this.request.runId,
      load: this.request.load,
      users: this.request.users,
      dispatcher: this.#usersPool,
      clock,
      ledger: this.ledger,
      stopping: signal,
      cancel: this.#cancel.signal,
      backoffMs,
      attemptEnded: (record) => this.recorder.attemptEnded(record),
      operationEnded: (record) => this.recorder.operationEnded(record),
      operationSkipped: (kind) => this.recorder.operationSkipped(kind),
      started: (lateMs) => this.#monitor.started(lateMs),
    });
    this.users.push(user);
    this.recorder.users += 1;
    metrics.users.set(this.recorder.users);
    try {
      await user.run(this.startedAt + delayMs);
    } finally {
      this.recorder.users -= 1;
    }
  }

  async #tick(): Promise<void> {
    const { clock, add } = this.#options;
    const signal = this.#stopping.signal;
    for (let second = 1; ; second += 1) {
      const at = this.startedAt + second * 1_000;
      await clock.sleep(at - clock.now(), signal).catch(() => {});
      if (signal.aborted) return;
      this.recorder.endSecond(at);
      if (second % monitorSeconds === 0) add(this.#monitor.measure());
      if (second % intervalSeconds === 0) await this.#latencies.endInterval(at);
    }
  }

  async #clearOldScores(): Promise<void> {
    const { logger } = this.#options;
    try {
      const deleted = await deleteOldScores(this.#client(oldScoresMs, this.#stopping.signal), this.request.runId);
      if (deleted > 0) logger.info({ deleted }, 'removed scores of earlier runs');
    } catch (error) {
      if (!this.#stopping.signal.aborted)
        logger.warn({ err: describeError(error) }, 'could not remove all scores of earlier runs');
    }
  }

  #client(timeoutMs: number, signal: AbortSignal): ScoreClient {
    const { clock } = this.#options;
    return new ScoreClient({
      dispatcher: this.#internalPool,
      clock,
      clientId: `${this.request.runId}-own`,
      deadlineAt: clock.now() + timeoutMs,
      signal,
    });
  }
}
