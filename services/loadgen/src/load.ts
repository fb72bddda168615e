/**
 * The generator's state: at most one run, held by a lease. The load stops when the lease expires,
 * so that a dead orchestrator leaves no users behind.
 *
 *   idle ──POST /run──▶ starting ──▶ active ──stop or lease expiry──▶ stopping ──▶ stopped
 *    ▲                     │ failed                                                   │
 *    └─────────────────────┘ ◀────────────────────────POST /run───────────────────────┘
 *
 * The final read-back needs `idle` or `stopped`; a sample needs an active run.
 */
import { readdir } from 'node:fs/promises';
import { type EncoreEvent, graceMs, type LoadRunRequest, type LoadStatus } from '@encore/contracts';
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
const closingGraceMs = 2_000;

type State =
  | { kind: 'idle' }
  | { kind: 'starting'; runId: string; started: Promise<void> }
  | { kind: 'active'; run: LoadRun; leaseEndsAt: number }
  | { kind: 'stopping'; run: LoadRun; endedBy: string | null; stopped: Promise<void> }
  /** `endedBy` states why the load ended on its own; null if it did not. */
  | { kind: 'stopped'; run: LoadRun; endedBy: string | null };

/** A read-back in progress. It can overlap with an active or stopping run. */
interface ReadBack {
  isFinal: boolean;
  progress: NonNullable<LoadStatus['readBack']>;
  done: Promise<void>;
}

export class Load implements AsyncDisposable {
  readonly #options: LoadOptions;
  #state: State = { kind: 'idle' };
  #readBack: ReadBack | null = null;
  /** Why the last read-back has no result. */
  #readBackFailure: string | null = null;
  /** Aborts a read-back in progress. */
  readonly #closing = new AbortController();
  readonly #leaseTimer: NodeJS.Timeout;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#leaseTimer = setInterval(() => this.#stopWithoutLease(), 500);
  }

  /** Starts the run of `request`, or renews its lease if it is active. */
  async start(request: LoadRunRequest): Promise<void> {
    const state = this.#state;
    const { runId } = request;
    if (state.kind === 'starting' && state.runId === runId) return state.started;
    if (state.kind === 'active' && state.run.request.runId === runId) return this.renew(runId);
    this.refuseWhileActive(`run ${runIdOf(state)} is active; stop it first`);
    if (this.#readBack)
      throw new EncoreError('READ_BACK_ACTIVE', 'a read-back is in progress; retry when it has ended');
    const started = this.#startRun(request, runOf(state));
    this.#state = { kind: 'starting', runId, started };
    await started;
  }

  async #startRun(request: LoadRunRequest, previous: LoadRun | null): Promise<void> {
    try {
      await previous?.[Symbol.asyncDispose]();
      const { events, clock, ...rest } = this.#options;
      const host = await this.#openHost();
      try {
        const add = (event: EncoreEvent) => events.add(event);
        const usersLost = () => this.#stopWithoutUsers();
        const run = await LoadRun.start({ ...rest, clock, host, request, add, usersLost });
        // The lease begins when the workload is loaded, which takes seconds on a busy machine.
        this.#state = { kind: 'active', run, leaseEndsAt: clock.now() + leaseMs };
      } catch (error) {
        await host[Symbol.asyncDispose]();
        throw error;
      }
    } catch (error) {
      this.#state = { kind: 'idle' };
      throw error;
    }
    this.#options.logger.info({ runId: request.runId, users: request.users }, 'load started');
  }

  renew(runId: string): void {
    const state = this.#state;
    if (state.kind !== 'active' || state.run.request.runId !== runId) {
      const endedBy = 'endedBy' in state ? state.endedBy : null;
      const code = endedBy === null ? 'RUN_OVER' : 'WORKLOAD_FAILED';
      const why = endedBy ?? 'start it again or read it back';
      throw new EncoreError(code, `run ${runId} is not active; ${why}`, { status: 410 });
    }
    state.leaseEndsAt = this.#options.clock.now() + leaseMs;
  }

  /** Resolves when all users have finished; does nothing if no run is active. */
  stop(reason = 'requested', grace = graceMs): Promise<void> {
    return this.#end(reason, grace, null);
  }

  async #end(reason: string, grace: number, endedBy: string | null): Promise<void> {
    if (this.#state.kind === 'starting') await this.#state.started.catch(() => {});
    if (this.#state.kind === 'active') {
      const { run } = this.#state;
      this.#options.logger.info({ reason }, 'stopping the load');
      const stopped = run.stop(grace).finally(() => {
        this.#state = { kind: 'stopped', run, endedBy };
      });
      this.#state = { kind: 'stopping', run, endedBy, stopped };
    }
    if (this.#state.kind === 'stopping') await this.#state.stopped;
    // The stop aborts a sample. The final read-back starts only after a stop.
    if (this.#readBack?.isFinal === false) await this.#readBack.done;
  }

  /**
   * Starts a read-back, which ends with an event. The final one uses the ledger's file, so `runId`
   * may name a run whose generator was killed.
   */
  startReadBack(final: boolean, runId = runOf(this.#state)?.request.runId): void {
    if (runId === undefined) throw new EncoreError('NO_RUN', 'no run since this service started; pass a runId');
    if (this.#readBack)
      throw new EncoreError('READ_BACK_ACTIVE', 'a read-back is already in progress; retry when it has ended');
    if (final) this.refuseWhileActive('the final read-back needs a stopped run; stop it first');
    const run = this.#state.kind === 'active' || this.#state.kind === 'stopping' ? this.#state.run : null;
    if (!final && run === null) throw new EncoreError('RUN_OVER', 'a sample needs an active run; start one first');
    const { clock, events, logger, metrics } = this.#options;
    this.#readBackFailure = null;
    const progress = { done: 0, total: 0 };
    const onProgress = (done: number, total: number) => void Object.assign(progress, { done, total });
    const reading = run ? run.sample(onProgress) : this.#readBackRun(runId, this.#closing.signal, onProgress);
    const done = reading
      .then((counts) => {
        events.add({ type: 'read_back_done', at: clock.now(), final, ...counts });
        countReadBack(metrics, counts);
        logger.info({ final, ...counts }, 'read-back done');
      })
      // A failed read-back emits no event, and without the event the run cannot pass.
      .catch((error: unknown) => {
        const level = final ? 'error' : 'info';
        this.#readBackFailure = describeError(error);
        logger[level]({ err: this.#readBackFailure, final }, 'read-back failed');
      })
      .finally(() => {
        this.#readBack = null;
      });
    this.#readBack = { isFinal: final, progress, done };
  }

  refuseWhileActive(reason: string): void {
    const { kind } = this.#state;
    if (kind !== 'idle' && kind !== 'stopped') throw new EncoreError('RUN_ACTIVE', reason);
  }

  status(): LoadStatus {
    const run = runOf(this.#state);
    return {
      state: this.#stateOfApi(),
      instanceId: this.#options.events.instanceId,
      runId: run?.request.runId ?? null,
      users: run?.recorder.users ?? 0,
      attempts: run?.recorder.attempts ?? 0,
      operations: run?.recorder.operations ?? 0,
      acknowledged: run?.ledger.acknowledged ?? 0,
      readBack: this.#readBack && { ...this.#readBack.progress },
      readBackFailure: this.#readBackFailure,
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
    await runOf(this.#state)?.[Symbol.asyncDispose]();
    await this.#readBack?.done;
  }

  #stateOfApi(): LoadStatus['state'] {
    const state = this.#state;
    switch (state.kind) {
      case 'starting':
        return 'ramping';
      case 'active':
        return state.run.ramping ? 'ramping' : 'running';
      case 'stopping':
        return 'stopping';
      case 'idle':
      case 'stopped':
        return this.#readBack ? 'reading_back' : state.kind;
    }
  }

  /** Starts the workload in its own thread. */
  #openHost(): Promise<WorkloadHost> {
    const { workload, targetUrl, clock, backoffMs = defaultBackoffMs } = this.#options;
    return WorkloadHost.open({ workload, targetUrl, backoffMs }, this.#options.startThread ?? startThread, clock);
  }

  /** Uses a thread of its own, so it also works for users of an earlier process. */
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
   * A new thread would lack the users' state, so their operations would no longer follow from the
   * seed. The run can no longer pass, so it ends instead of continuing without users.
   */
  #stopWithoutUsers(): void {
    const endedBy = "its users are gone, because the workload's thread ended";
    this.#endLogged(endedBy, endedBy);
  }

  #stopWithoutLease(): void {
    const state = this.#state;
    if (state.kind !== 'active' || this.#options.clock.now() < state.leaseEndsAt) return;
    this.#endLogged('the lease expired', null);
  }

  #endLogged(reason: string, endedBy: string | null): void {
    this.#end(reason, graceMs, endedBy).catch((error: unknown) =>
      this.#options.logger.error({ err: describeError(error) }, 'could not stop the load'),
    );
  }
}

/** The current or the last run; null before the first one and while one starts. */
function runOf(state: State): LoadRun | null {
  return 'run' in state ? state.run : null;
}

function runIdOf(state: State): string | undefined {
  return state.kind === 'starting' ? state.runId : runOf(state)?.request.runId;
}
