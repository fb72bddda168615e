/**
 * The generator's state: at most one run, held by a lease. When nobody renews the lease, the load stops by itself, so that a dead
 * orchestrator leaves no users behind.
 *
 *   idle ──POST /run──▶ ramping ──▶ running ──stop or end of lease──▶ stopping ──▶ stopped ──read-back──▶ stopped
 */
import { readdir } from 'node:fs/promises';
import type { LoadRunRequest, LoadStatus } from '@encore/contracts';
import { type Clock, describeError, EncoreError, type EventLog, type Logger } from '@encore/kit';
import { LoadRun } from './load-run.ts';
import { countReadBack, type LoadgenMetrics } from './metrics.ts';
import { readBackRun } from './read-back.ts';
import { defaultPausesMs } from './step.ts';

export interface LoadOptions {
  targetUrl: string;
  runsDir: string;
  clock: Clock;
  logger: Logger;
  metrics: LoadgenMetrics;
  events: EventLog;
  pausesMs?: readonly [number, number];
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
  #reading: Promise<void> | null = null;
  #isReadingFinally = false;
  #progress: LoadStatus['readBack'] = null;
  /** Ends a read-back that is under way. */
  readonly #closing = new AbortController();
  readonly #watch: NodeJS.Timeout;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#watch = setInterval(() => this.#endWithoutLease(), 500);
  }

  async start(request: LoadRunRequest): Promise<void> {
    if (this.#phase === 'active' || this.#phase === 'stopping') {
      if (this.#phase === 'active' && this.#run?.request.runId === request.runId) return this.#renewLease();
      throw conflict('RUN_ACTIVE', `run ${this.#run?.request.runId} is active; stop it first`);
    }
    if (this.#reading) throw conflict('READ_BACK_ACTIVE', 'a read-back is under way; wait for its end');
    this.#phase = 'active';
    this.#renewLease();
    try {
      await this.#run?.[Symbol.asyncDispose]();
      const { events, pausesMs = defaultPausesMs, ...rest } = this.#options;
      this.#run = await LoadRun.start({ ...rest, pausesMs, request, add: (event) => events.add(event) });
    } catch (error) {
      this.#run = null;
      this.#phase = 'idle';
      throw error;
    }
    this.#options.logger.info({ runId: request.runId, users: request.users }, 'load started');
  }

  renew(runId: string): void {
    if (this.#phase !== 'active' || this.#run?.request.runId !== runId) {
      throw new EncoreError('RUN_OVER', `run ${runId} is not active`, { status: 410, definite: true });
    }
    this.#renewLease();
  }

  /** Resolves when the users have ended. Nothing to stop is fine. */
  async stop(reason = 'asked to', grace = graceMs): Promise<void> {
    if (this.#phase === 'active' && this.#run) {
      this.#phase = 'stopping';
      this.#options.logger.info({ reason }, 'load stops');
      this.#stopped = this.#run.stop(grace).finally(() => {
        this.#phase = 'stopped';
      });
    }
    await this.#stopped;
    // A sample was cut by the stop; the final read-back is another.
    if (!this.#isReadingFinally) await this.#reading;
  }

  /** Begins to read back; its end is an event. The final one works from the ledger's file, also of a generator that was killed. */
  startReadBack(final: boolean, runId = this.#run?.request.runId): void {
    if (runId === undefined) throw conflict('NO_RUN', 'there was no run since this service started; name one');
    if (this.#reading) throw conflict('READ_BACK_ACTIVE', 'a read-back is under way');
    const active = this.#phase === 'active' || this.#phase === 'stopping';
    if (final && active) throw conflict('RUN_ACTIVE', 'the final read-back needs a stopped run');
    if (!final && !active) throw conflict('RUN_OVER', 'a sample needs a run that is active');
    const { clock, events, logger, metrics, targetUrl, runsDir } = this.#options;
    const progress = (done: number, total: number) => {
      this.#progress = { done, total };
    };
    progress(0, 0);
    this.#isReadingFinally = final;
    const signal = this.#closing.signal;
    const reading = final
      ? readBackRun({ runId, runsDir, targetUrl, clock, signal, progress })
      : (this.#run?.sample(progress) ?? Promise.reject(new Error('no run')));
    this.#reading = reading
      .then((counts) => {
        events.add({ type: 'read_back_done', at: clock.now(), final, ...counts });
        countReadBack(metrics, counts);
        logger.info({ final, ...counts }, 'read back');
      })
      // Without a result there is no event, and without the event no rule can pass.
      .catch((error: unknown) => {
        const level = final ? 'error' : 'info';
        logger[level]({ err: describeError(error), final }, 'read-back failed');
      })
      .finally(() => {
        this.#reading = null;
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
      boot: this.#options.events.boot,
      runId: run?.request.runId ?? null,
      users: run?.recorder.users ?? 0,
      attempts: run?.recorder.attempts ?? 0,
      operations: run?.recorder.operations ?? 0,
      operationsOk: run?.recorder.operationsOk ?? 0,
      acknowledged: run?.ledger.acknowledged ?? 0,
      readBack: this.#progress,
    };
  }

  /** Throws when the folder of the runs cannot be read. */
  async ready(): Promise<boolean> {
    await readdir(this.#options.runsDir);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watch);
    this.#closing.abort(new Error('closing'));
    await this.stop('closing', closingGraceMs);
    await this.#run?.[Symbol.asyncDispose]();
    await this.#reading;
  }

  #state(): LoadStatus['state'] {
    if (this.#phase === 'active') return this.#run?.ramping === false ? 'running' : 'ramping';
    if (this.#phase === 'stopping') return 'stopping';
    return this.#reading ? 'reading_back' : this.#phase;
  }

  #renewLease(): void {
    this.#leaseEndsAt = this.#options.clock.now() + leaseMs;
  }

  #endWithoutLease(): void {
    if (this.#phase !== 'active' || this.#options.clock.now() < this.#leaseEndsAt) return;
    this.stop('the lease ended').catch((error: unknown) =>
      this.#options.logger.error({ err: describeError(error) }, 'could not stop the load'),
    );
  }
}

function conflict(code: string, message: string): EncoreError {
  return new EncoreError(code, message, { status: 409, definite: true });
}
