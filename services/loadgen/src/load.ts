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
import { readBackRun } from './read-back.ts';
import { defaultBackoffMs } from './step.ts';

export interface LoadOptions {
  targetUrl: string;
  runsDir: string;
  clock: Clock;
  logger: Logger;
  metrics: LoadgenMetrics;
  events: EventLog;
  backoffMs?: readonly [number, number];
}

const leaseMs = 15_000;
const graceMs = 10_000;
const closingGraceMs = 2_000;

export class Load implements AsyncDisposable {
  readonly #options: LoadOptions;
  #run: LoadRun | null = null;
  #phase: 'idle' | 'active' | 'stopping' | 'stopped' = 'idle';
  #stopped: Promise<void> | null = null;
  #leaseEndsAt = 0;
  #readBack: Promise<void> | null = null;
  #isFinalReadBack = false;
  #progress: LoadStatus['readBack'] = null;
  /** Aborts a read-back in progress. */
  readonly #closing = new AbortController();
  readonly #leaseTimer: NodeJS.Timeout;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#leaseTimer = setInterval(() => this.#stopWithoutLease(), 500);
  }

  async start(request: LoadRunRequest): Promise<void> {
    if (this.#phase === 'active' || this.#phase === 'stopping') {
      if (this.#phase === 'active' && this.#run?.request.runId === request.runId) return this.#renewLease();
      throw conflict('RUN_ACTIVE', `run ${this.#run?.request.runId} is active; stop it first`);
    }
    if (this.#readBack) throw conflict('READ_BACK_ACTIVE', 'a read-back is in progress; retry when it has ended');
    this.#phase = 'active';
    this.#renewLease();
    try {
      await this.#run?.[Symbol.asyncDispose]();
      const { events, backoffMs = defaultBackoffMs, ...rest } = this.#options;
      this.#run = await LoadRun.start({ ...rest, backoffMs, request, add: (event) => events.add(event) });
    } catch (error) {
      this.#run = null;
      this.#phase = 'idle';
      throw error;
    }
    this.#options.logger.info({ runId: request.runId, users: request.users }, 'load started');
  }

  renew(runId: string): void {
    if (this.#phase !== 'active' || this.#run?.request.runId !== runId) {
      throw new EncoreError('RUN_OVER', `run ${runId} is not active; start it again or read it back`, {
        status: 410,
        definite: true,
      });
    }
    this.#renewLease();
  }

  /** Resolves when all users have finished; does nothing if no run is active. */
  async stop(reason = 'requested', grace = graceMs): Promise<void> {
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
    if (runId === undefined) throw conflict('NO_RUN', 'no run since this service started; give a runId');
    if (this.#readBack)
      throw conflict('READ_BACK_ACTIVE', 'a read-back is already in progress; retry when it has ended');
    const active = this.#phase === 'active' || this.#phase === 'stopping';
    if (final && active) throw conflict('RUN_ACTIVE', 'the final read-back needs a stopped run; stop it first');
    if (!final && !active) throw conflict('RUN_OVER', 'a sample needs an active run; start one first');
    const { clock, events, logger, metrics, targetUrl, runsDir } = this.#options;
    const progress = (done: number, total: number) => {
      this.#progress = { done, total };
    };
    progress(0, 0);
    this.#isFinalReadBack = final;
    const signal = this.#closing.signal;
    const reading = final
      ? readBackRun({ runId, runsDir, targetUrl, clock, signal, progress })
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
    if (this.#phase === 'active' || this.#phase === 'stopping') throw conflict('RUN_ACTIVE', reason);
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

  #renewLease(): void {
    this.#leaseEndsAt = this.#options.clock.now() + leaseMs;
  }

  #stopWithoutLease(): void {
    if (this.#phase !== 'active' || this.#options.clock.now() < this.#leaseEndsAt) return;
    this.stop('the lease expired').catch((error: unknown) =>
      this.#options.logger.error({ err: describeError(error) }, 'could not stop the load'),
    );
  }
}

function conflict(code: string, message: string): EncoreError {
  return new EncoreError(code, message, { status: 409, definite: true });
}
