/**
 * One run of the load: the workload with its ramping users, the probe, the ledger and the events of
 * each second.
 *
 *   stop: no new operations ──▶ grace period ──▶ abort what is in flight ──▶ summary
 */
import { join } from 'node:path';
import { type EncoreEvent, type LoadRunRequest, preparationMs, sampleMs, usersEndMs } from '@encore/contracts';
import { type Clock, describeError, EncoreError, type Logger, Random, writeFileAtomic } from '@encore/kit';
import type { Pool } from 'undici';
import { GeneratorMonitor } from './generator-monitor.ts';
import { poolOf } from './http/exchange.ts';
import { inParallel } from './in-parallel.ts';
import { LatencyLog } from './latency-log.ts';
import { Ledger } from './ledger.ts';
import type { LoadgenMetrics } from './metrics.ts';
import { Probe } from './probe.ts';
import { type ReadBackCounts, zeroCounts } from './read-back.ts';
import { ReadBackTrial } from './read-back-trial.ts';
import { Recorder } from './recorder.ts';
import { runSettings, settingsFile } from './run-settings.ts';
import { maxObjectBytes, SampledObjects } from './sample-objects.ts';
import type { RunSettings, StartedUser, UserEntry } from './worker/messages.ts';
import { WorkloadErrors } from './workload-errors.ts';
import type { CallOptions, WorkloadHost } from './workload-host.ts';

export interface LoadRunOptions {
  request: LoadRunRequest;
  /** The run closes it. */
  host: WorkloadHost;
  targetUrl: string;
  runsDir: string;
  clock: Clock;
  logger: Logger;
  metrics: LoadgenMetrics;
  add: (event: EncoreEvent) => void;
  /** The workload's thread has ended, and its users with it. */
  usersLost: () => void;
}

const monitorSeconds = 5;
/** Interval of the latency log. */
const intervalSeconds = 10;
const flushMs = 500;
const removeMs = 20_000;
const sampleSize = 50;

export class LoadRun implements AsyncDisposable {
  readonly request: LoadRunRequest;
  readonly recorder: Recorder;
  readonly ledger: Ledger;
  readonly startedAt: number;
  readonly #options: LoadRunOptions;
  readonly #settings: RunSettings;
  readonly #stopping = new AbortController();
  readonly #probePool: Pool;
  readonly #latencies: LatencyLog;
  readonly #monitor: GeneratorMonitor;
  readonly #random: Random;
  readonly #objects = new SampledObjects();
  /** Null if the workload cannot read back. */
  readonly #trial: ReadBackTrial | null;
  readonly #errors: WorkloadErrors;
  #usersEnded: Promise<void> = Promise.resolve();
  #work: Promise<unknown> = Promise.resolve();

  static async start(options: LoadRunOptions): Promise<LoadRun> {
    const { request, host, clock } = options;
    const settings = runSettings(request, host.description);
    if (host.description.has.setup) await setUpWorkload(host, settings);
    const folder = join(options.runsDir, request.runId);
    const ledger = await Ledger.open(folder, clock);
    await writeFileAtomic(join(folder, settingsFile), `${JSON.stringify(settings)}\n`);
    const operations = Object.keys(host.description.operations);
    const latencies = await LatencyLog.open(folder, clock.now(), operations);
    const { name, has, readBackAt } = host.description;
    const loaded = { name, operations, readBack: has.readBack, list: has.list, readBackAt };
    options.add({ type: 'workload_loaded', at: clock.now(), ...loaded });
    const run = new LoadRun(options, settings, ledger, latencies);
    run.#begin();
    return run;
  }

  private constructor(options: LoadRunOptions, settings: RunSettings, ledger: Ledger, latencies: LatencyLog) {
    const { request, clock, metrics, targetUrl, host } = options;
    this.#options = options;
    this.#settings = settings;
    this.request = request;
    this.ledger = ledger;
    this.#latencies = latencies;
    this.recorder = new Recorder(Object.keys(host.description.operations), options.add, metrics, latencies);
    this.startedAt = clock.now();
    this.#random = new Random(request.seed);
    this.#monitor = new GeneratorMonitor(clock, metrics);
    this.#errors = new WorkloadErrors(clock, options.add, options.logger);
    this.#trial = host.description.has.readBack
      ? new ReadBackTrial({
          read: (id) => host.readBack(id, this.#callOptions(sampleMs)),
          matched: (id) => options.add({ type: 'read_back_matched', at: clock.now(), id }),
        })
      : null;
    // Enough connections that concurrent probes never wait for each other.
    this.#probePool = poolOf(targetUrl, request.load.probesPerSecond * 2 + 4);
    host.listener = {
      write: (entry, bytes) => this.#write(entry, bytes),
      report: (report) => {
        this.recorder.add(report);
        this.#monitor.add(report.starts, report.lateStarts);
      },
      failed: (failure) => this.#errors.add(failure),
      loopDelay: (p99Ms) => this.#monitor.workloadDelayed(p99Ms),
      died: options.usersLost,
    };
  }

  get ramping(): boolean {
    return this.#options.clock.now() < this.startedAt + this.request.rampSeconds * 1_000;
  }

  /** Resolves when all users have finished; aborts requests in flight after the grace period. */
  async stop(graceMs: number): Promise<void> {
    const { add, clock, host } = this.#options;
    this.#stopping.abort(new Error('the run was stopped'));
    host.stop();
    await this.#endUsers(graceMs);
    await this.#work;
    await this.#trial?.ended();
    if (host.description.has.teardown) await this.#tearDown();
    this.recorder.endSecond(clock.now());
    await this.#latencies.endInterval(clock.now());
    add(this.#monitor.measure());
    this.#errors.flush();
    add(this.recorder.summary(clock.now()));
    this.#monitor[Symbol.dispose]();
  }

  /** Reads back a sample of the users' objects during the run; rejects if the run stops. */
  async sample(progress: (done: number, total: number) => void): Promise<ReadBackCounts> {
    const { clock, host } = this.#options;
    if (!host.description.has.readBack) return zeroCounts();
    const options = this.#callOptions(sampleMs);
    const deadlineAt = clock.now() + sampleMs;
    return this.#objects.read({
      size: sampleSize,
      ledger: this.ledger,
      read: (id) => host.readBack(id, { ...options, timeoutMs: deadlineAt - clock.now() }),
      sleep: (ms) => clock.sleep(ms, options.signal),
      random: this.#random.fork(`sample-${clock.now()}`),
      progress,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new Error('closing'));
    this.#options.host.stop();
    await this.#endUsers(0);
    await this.#work;
    this.#monitor[Symbol.dispose]();
    await this.#options.host[Symbol.asyncDispose]();
    await this.#probePool.destroy();
    await this.ledger[Symbol.asyncDispose]();
    await this.#latencies[Symbol.asyncDispose]();
  }

  #begin(): void {
    const { users, rampSeconds } = this.request;
    const started = Array.from({ length: users }, (_, i): StartedUser => {
      return { number: i + 1, startsAt: this.startedAt + (i * rampSeconds * 1_000) / users };
    });
    const { clock, metrics, add, host } = this.#options;
    const { runId } = this.request;
    const probe = new Probe({
      runId,
      perSecond: this.request.load.probesPerSecond,
      dispatcher: this.#probePool,
      clock,
      ledger: this.ledger,
      metrics,
      errors: host.description.errors,
      requests: (number) => host.probe(number, this.#settings),
      add,
      started: (lateMs) => this.#monitor.started(lateMs),
    });
    this.#usersEnded = host.runUsers(this.#settings, started);
    const probing = probe.run(this.startedAt, this.#stopping.signal);
    this.#work = Promise.all([probing, this.#removeEarlierRuns(), this.#tick()]).catch((error: unknown) => {
      this.#options.logger.error({ err: describeError(error) }, 'the load ended because of an internal error');
    });
  }

  async #write(entry: UserEntry, bytes: number): Promise<void> {
    await this.ledger.write(entry);
    this.#objects.add(entry, bytes);
    if (entry.type === 'acknowledged' && bytes <= maxObjectBytes) this.#trial?.acknowledged(entry);
  }

  /** Aborts what users do after the grace period; a thread that does not end is ended. */
  async #endUsers(graceMs: number): Promise<void> {
    const { host } = this.#options;
    const cancelling = setTimeout(() => host.cancel(), graceMs);
    const ending = setTimeout(() => void host[Symbol.asyncDispose](), graceMs + usersEndMs);
    await this.#usersEnded;
    clearTimeout(cancelling);
    clearTimeout(ending);
  }

  async #tick(): Promise<void> {
    const { clock, add, host } = this.#options;
    const signal = this.#stopping.signal;
    for (let second = 1; ; second += 1) {
      const at = this.startedAt + second * 1_000;
      await clock.sleep(at - clock.now(), signal).catch(() => {});
      if (signal.aborted) return;
      await host.flush(flushMs);
      this.recorder.endSecond(at);
      this.#errors.flush();
      if (second % monitorSeconds === 0) add(this.#monitor.measure());
      if (second % intervalSeconds === 0) await this.#latencies.endInterval(at);
    }
  }

  async #removeEarlierRuns(): Promise<void> {
    const { logger, host } = this.#options;
    if (!host.description.has.remove || !host.description.has.list) return;
    try {
      const removed = await removeEarlierRuns(host, this.#callOptions(removeMs));
      if (removed > 0) logger.info({ removed }, 'removed objects of earlier runs');
    } catch (error) {
      if (!this.#stopping.signal.aborted)
        logger.warn({ err: describeError(error) }, 'could not remove all objects from earlier runs');
    }
  }

  async #tearDown(): Promise<void> {
    const { host, logger } = this.#options;
    await host.prepare('teardown', { run: this.#settings, timeoutMs: preparationMs }).catch((error: unknown) => {
      logger.warn({ err: describeError(error) }, "the workload's teardown failed");
    });
  }

  #callOptions(timeoutMs: number): CallOptions {
    return { run: this.#settings, timeoutMs, signal: this.#stopping.signal };
  }
}

/** Users of a system that was not prepared would fail without a fault. */
async function setUpWorkload(host: WorkloadHost, run: RunSettings): Promise<void> {
  try {
    await host.prepare('setup', { run, timeoutMs: preparationMs });
  } catch (error) {
    if (!(error instanceof EncoreError) || error.code === 'WORKLOAD_FAILED') throw error;
    throw new EncoreError(error.code, `setup of the workload failed: ${error.message}`);
  }
}

const objectOfRun = /^(.+?)-(?:u\d+|probe)(?:-\d+)+$/;

/**
 * Deletes objects left by earlier runs, within 20 s, because they slow the service down. Their
 * ids come from `newId()` or the probe: `<runId>-u<user>-<n>` and `<runId>-probe-<n>`.
 */
async function removeEarlierRuns(host: WorkloadHost, options: CallOptions): Promise<number> {
  let removed = 0;
  await inParallel(host.list('', options), 2, async ({ id }) => {
    const owner = objectOfRun.exec(id)?.[1];
    if (owner === undefined || owner === options.run.runId) return;
    await host.remove(id, options);
    removed += 1;
  });
  return removed;
}
