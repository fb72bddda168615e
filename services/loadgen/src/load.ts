/**
 * The generator's state: at most one run, held by a lease. The load stops when the lease expires,
 * so that a dead orchestrator leaves no users behind.
 *
 *   idle ──POST /run──▶ ramping ──▶ running ──stop or lease expiry──▶ stopping ──▶ stopped
 *
 * The final read-back needs `stopped`; a sample needs an active run.
 */
import { readdir } from 'node:fs/promises';
import type { LoadRunRequest, LoadStatus } from '@encore/contracts';
import { type Clock, describeError, EncoreError, type EventLog, type Logger } from '@encore/kit';
import { LoadRun } from './load-run.ts';
import { countReadBack, type LoadgenMetrics } from './metrics.ts';
import { type ReadBackCounts, readBackRun } from './read-back.ts';
import type { WorkloadFailure } from './worker/messages.ts';
import { defaultBackoffMs } from './worker/step.ts';
import { WorkloadErrors } from './workload-errors.ts';
import { WorkloadHost } from './workload-host.ts';
import { type StartThread, startThread } from './workload-thread.ts';

export interface LoadOptions {
  /** URL of the workload's file. */
  workload: string;
  targetUrl: string;
  runsDir: string;
  clock: Clock;
  logger: Logger;
  metrics: LoadgenMetrics;
  events: EventLog;
  /** Mean backoff before the second and the third attempt. */
  backoffMs?: readonly [number, number];
  startThread?: StartThread;
}

const leaseMs = 15_000;
const graceMs = 10_000;
const closingGraceMs = 2_000;

export class Load implements AsyncDisposable {
  readonly #options: LoadOptions;
  #run: LoadRun | null = null;
  #starting: { runId: string; run: Promise<void> } | null = null;
  #phase: 'idle' | 'active' | 'stopping' | 'stopped' = 'idle';
  #stopped: Promise<void> | null = null;
  #leaseEndsAt = 0;
  #readBack: Promise<void> | null = null;
  #isFinalReadBack = false;
  #progress: LoadStatus['readBack'] = null;
  /** Why the load ended on its own; null if it did not. */
  #endedBy: string | null = null;
  /** Aborts a read-back in progress. */
  readonly #closing = new AbortController();
  readonly #leaseTimer: NodeJS.Timeout;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#leaseTimer = setInterval(() => this.#stopWithoutLease(), 500);
  }

  async start(request: LoadRunRequest): Promise<void> {
    const { runId } = request;
    if (this.#starting?.runId === runId) return this.#starting.run;
    if (this.#phase === 'active' || this.#phase === 'stopping') {
      if (this.#phase === 'active' && this.#run?.request.runId === runId) return this.#renewLease();
      const other = this.#run?.request.runId ?? this.#starting?.runId;
      throw new EncoreError('RUN_ACTIVE', `run ${other} is active; stop it first`);
    }
    if (this.#readBack)
      throw new EncoreError('READ_BACK_ACTIVE', 'a read-back is in progress; retry when it has ended');
    this.#phase = 'active';
    this.#endedBy = null;
    // The lease begins when the workload is loaded, which takes seconds on a busy machine.
    this.#leaseEndsAt = Number.POSITIVE_INFINITY;
    this.#starting = { runId, run: this.#startRun(request) };
    try {
      await this.#starting.run;
    } finally {
      this.#starting = null;
    }
  }

  async #startRun(request: LoadRunRequest): Promise<void> {
    try {
      await this.#run?.[Symbol.asyncDispose]();
      this.#run = null;
      const { events, ...rest } = this.#options;
      const host = await this.#openHost();
      try {
        this.#run = await LoadRun.start({
          ...rest,
          host,
          request,
          add: (event) => events.add(event),
          usersLost: () => this.#stopWithoutUsers(),
        });
      } catch (error) {
        await host[Symbol.asyncDispose]();
        throw error;
      }
    } catch (error) {
      this.#phase = 'idle';
      throw error;
    }
    this.#renewLease();
    this.#options.logger.info({ runId: request.runId, users: request.users }, 'load started');
  }

  renew(runId: string): void {
    if (this.#phase !== 'active' || this.#run?.request.runId !== runId) {
      const code = this.#endedBy === null ? 'RUN_OVER' : 'WORKLOAD_FAILED';
      const why = this.#endedBy ?? 'start it again or read it back';
      throw new EncoreError(code, `run ${runId} is not active; ${why}`, { status: 410 });
    }
    this.#renewLease();
  }

  /** Resolves when all users have finished; does nothing if no run is active. */
  async stop(reason = 'requested', grace = graceMs): Promise<void> {
    await this.#starting?.run.catch(() => {});
    if (this.#phase === 'active' && this.#run) {
      this.#phase = 'stopping';
      this.#options.logger.info({ reason }, 'stopping the load');
      this.#stopped = this.#run.stop(grace).finally(() => {
        this.#phase = 'stopped';
      });
    }
    await this.#stopped;
    // The stop aborts a sample. The final read-back starts only after a stop.
    if (!this.#isFinalReadBack) await this.#readBack;
  }

  /**
   * Starts a read-back, which ends with an event. The final one uses the ledger's file, so `runId`
   * may name a run whose generator was killed.
   */
  startReadBack(final: boolean, runId = this.#run?.request.runId): void {
    if (runId === undefined) throw new EncoreError('NO_RUN', 'no run since this service started; give a runId');
    if (this.#readBack)
      throw new EncoreError('READ_BACK_ACTIVE', 'a read-back is already in progress; retry when it has ended');
    const active = this.#phase === 'active' || this.#phase === 'stopping';
    if (final && active) throw new EncoreError('RUN_ACTIVE', 'the final read-back needs a stopped run; stop it first');
    if (!final && !active) throw new EncoreError('RUN_OVER', 'a sample needs an active run; start one first');
    const { clock, events, logger, metrics } = this.#options;
    const progress = (done: number, total: number) => {
      this.#progress = { done, total };
    };
    progress(0, 0);
    this.#isFinalReadBack = final;
    const signal = this.#closing.signal;
    const reading = final
      ? this.#readBackRun(runId, signal, progress)
      : (this.#run?.sample(progress) ?? Promise.reject(new Error('no run')));
    this.#readBack = reading
      .then((counts) => {
        events.add({ type: 'read_back_done', at: clock.now(), final, ...counts });
        countReadBack(metrics, counts);
        logger.info({ final, ...counts }, 'read-back done');
      })
      // A failed read-back emits no event, and without the event the run cannot pass.
      .catch((error: unknown) => {
        const level = final ? 'error' : 'info';
        logger[level]({ err: describeError(error), final }, 'read-back failed');
      })
      .finally(() => {
        this.#readBack = null;
        this.#progress = null;
      });
  }

  refuseWhileActive(reason: string): void {
    if (this.#phase === 'active' || this.#phase === 'stopping') throw new EncoreError('RUN_ACTIVE', reason);
  }

  status(): LoadStatus {
    const run = this.#run;
    return {
      state: this.#state(),
      instanceId: this.#options.events.instanceId,
      runId: run?.request.runId ?? null,
      users: run?.recorder.users ?? 0,
      attempts: run?.recorder.attempts ?? 0,
      operations: run?.recorder.operations ?? 0,
      operationsOk: run?.recorder.operationsOk ?? 0,
      acknowledged: run?.ledger.acknowledged ?? 0,
      readBack: this.#progress,
    };
  }

  /** Throws if the runs folder cannot be read. */
  async ready(): Promise<boolean> {
    await readdir(this.#options.runsDir);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#leaseTimer);
    this.#closing.abort(new Error('closing'));
    await this.stop('closing', closingGraceMs);
    await this.#run?.[Symbol.asyncDispose]();
    await this.#readBack;
  }

  #state(): LoadStatus['state'] {
    if (this.#phase === 'active') return this.#run?.ramping === false ? 'running' : 'ramping';
    if (this.#phase === 'stopping') return 'stopping';
    return this.#readBack ? 'reading_back' : this.#phase;
  }

  /** Starts the workload in its own thread. */
  #openHost(): Promise<WorkloadHost> {
    const { workload, targetUrl, clock, backoffMs = defaultBackoffMs } = this.#options;
    return WorkloadHost.open({ workload, targetUrl, backoffMs }, this.#options.startThread ?? startThread, clock);
  }

  /** In another thread than the users, and even if those were of another process. */
  async #readBackRun(
    runId: string,
    signal: AbortSignal,
    progress: (done: number, total: number) => void,
  ): Promise<ReadBackCounts> {
    const { runsDir, clock, events, logger } = this.#options;
    const errors = new WorkloadErrors(clock, (event) => events.add(event), logger);
    await using host = await this.#openHost();
    const refuse = () => Promise.reject(new Error('a read-back writes nothing'));
    const failed = (failure: WorkloadFailure) => errors.add(failure);
    host.listener = { write: refuse, report: () => {}, failed, loopDelay: () => {}, died: () => {} };
    try {
      return await readBackRun({ runId, runsDir, host, clock, signal, progress });
    } finally {
      errors.flush();
    }
  }

  /**
   * A new thread would not know what the users knew, so their operations would not be those of the
   * seed. The run cannot pass any more, and ends instead of going on without users.
   */
  #stopWithoutUsers(): void {
    this.#endedBy = 'its users are gone, because the thread of the workload ended';
    this.#stopLogged(this.#endedBy);
  }

  #renewLease(): void {
    this.#leaseEndsAt = this.#options.clock.now() + leaseMs;
  }

  #stopWithoutLease(): void {
    if (this.#phase !== 'active' || this.#options.clock.now() < this.#leaseEndsAt) return;
    this.#stopLogged('the lease expired');
  }

  #stopLogged(reason: string): void {
    this.stop(reason).catch((error: unknown) =>
      this.#options.logger.error({ err: describeError(error) }, 'could not stop the load'),
    );
  }
}
