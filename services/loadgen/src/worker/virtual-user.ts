/**
 * One user: a closed model with a planned pace. Response time is measured from the intended start
 * of an operation, so it includes the wait for a slow previous one (no coordinated omission). A
 * user that falls behind catches up with shorter pauses, and skips operations that are more than 10
 * s late:
 *
 *   late by   0 ──────────────── catch-up pause ──────────────── 10 s ──────────▶
 *   starts         immediately                   after the pause       (skipped)
 */
import type { Random } from '@encore/kit/random';
import type { UserInfo } from '@encore/workload';
import { frameOf } from './location.ts';
import type { OperationEnd, RunSettings } from './messages.ts';
import { type OperationContext, OperationRun, type Performed } from './operation-run.ts';
import type { Reporter } from './reporter.ts';
import { type PlannedOperation, UserPlan } from './user-plan.ts';

export interface UserContext extends OperationContext {
  run: RunSettings;
  /** Aborts when no new operation may start. */
  stopping: AbortSignal;
  reporter: Pick<Reporter, 'attemptEnded' | 'operationEnded' | 'operationSkipped' | 'started'>;
  /** Receives each exception of the workload's own code. */
  workloadFailed: (where: string, error: unknown, fromAt: number, elsewhere?: () => string | null) => void;
}

type Failed = Extract<Performed, { kind: 'failed' }>;

/** Operations delayed by more than this are skipped. */
const maxBacklogMs = 10_000;
/** Catch-up pause as a share of planned free time; `min` caps the rate at four times the plan. */
const catchUpPause = { min: 0.25, max: 0.5 } as const;
/**
 * Minimum free time as a share of the planned pace, so that users whose responses arrive together
 * do not continue together.
 */
const minFreeShare = 0.2;

/** Shorter than the free time left after the last operation, so that a fast user catches up. */
export function catchUpPauseMs(paceMs: number, tookMs: number, random: Random): number {
  const freeMs = Math.max(paceMs * minFreeShare, paceMs - tookMs);
  return freeMs * random.between(catchUpPause.min, catchUpPause.max);
}

export class VirtualUser {
  readonly #info: UserInfo;
  readonly #context: UserContext;
  readonly #random: Random;
  /** Time of the last response. What follows (ledger, next body) is the generator's own delay. */
  #freeAt = 0;
  /** Duration of the last operation, up to that response. */
  #tookMs = 0;

  constructor(number: number, random: Random, context: UserContext) {
    const { runId, users, mix, thinkSeconds, parameters } = context.run;
    this.#info = { runId, parameters, number, users, mix, thinkSeconds, id: `${runId}-u${number}`, random };
    this.#context = context;
    this.#random = random.fork('pauses');
  }

  /** Performs the plan from `startsAt` until the run stops. An error in the plan ends it early. */
  async run(startsAt: number): Promise<void> {
    const { workload, stopping, workloadFailed, transport } = this.#context;
    let dueAt = startsAt;
    try {
      const plan = new UserPlan(workload, this.#info);
      while (!stopping.aborted) {
        const planned = plan.next();
        dueAt += planned.paceMs;
        if (transport.clock.now() - dueAt <= maxBacklogMs) await this.#operate(planned, plan.state, dueAt);
        else await this.#skip(planned, dueAt);
      }
    } catch (error) {
      workloadFailed(`plan of user ${this.#info.number}, who stops`, error, dueAt);
    }
  }

  async #operate(planned: PlannedOperation, state: unknown, dueAt: number): Promise<void> {
    const { workload, transport, reporter } = this.#context;
    const { operation } = planned;
    const beginAt = this.#beginAt(planned, dueAt);
    // Called before the intended start, so that neither the disk nor a body adds to response time.
    const begin = async () => {
      if (!(await this.#waitUntil(beginAt))) return false;
      // Counts only delays by the generator's disk or CPU, not by a slow server.
      reporter.started(transport.clock.now() - beginAt);
      return true;
    };
    const operated = { info: this.#info, state, planned, random: this.#random, suffix: '', begin } as const;
    const run = new OperationRun(operated, this.#context);
    const performed = await run.perform((user) => workload.operations[operation]?.run(user));
    if (performed.kind === 'not_performed') return performed.isSkipped ? this.#skip(planned, dueAt) : undefined;
    const times = await this.#timesOf(performed, operation, beginAt);
    if (times === null) return;
    const { end, startedAt, answeredAt } = times;
    reporter.operationEnded({ operation, end, dueAt, startedAt, endedAt: answeredAt });
    this.#freeAt = (await this.#afterOperation(planned, state)) ?? answeredAt;
    this.#tookMs = this.#freeAt - startedAt;
  }

  /** Returns the times even if the workload failed; null if the run stopped. */
  async #timesOf(
    performed: Extract<Performed, { kind: 'ended' }> | Failed,
    operation: string,
    beginAt: number,
  ): Promise<{ end: OperationEnd; startedAt: number; answeredAt: number } | null> {
    if (performed.kind === 'ended') return performed;
    const { transport, workload } = this.#context;
    this.#failed(`operation ${operation}`, performed, workload.operations[operation]?.run);
    if (performed.begun !== null) return { end: 'cancelled', ...performed.begun };
    if (!(await this.#waitUntil(beginAt))) return null;
    const now = transport.clock.now();
    return { end: 'cancelled', startedAt: now, answeredAt: now };
  }

  /** Returns `dueAt`, or when the user became free, or the end of a pause if that was too late. */
  #beginAt({ paceMs }: PlannedOperation, dueAt: number): number {
    const pauseMs = catchUpPauseMs(paceMs, this.#tookMs, this.#random);
    return this.#freeAt - dueAt > pauseMs ? this.#freeAt + pauseMs : Math.max(this.#freeAt, dueAt);
  }

  async #skip({ operation }: PlannedOperation, dueAt: number): Promise<void> {
    if (await this.#waitUntil(dueAt)) this.#context.reporter.operationSkipped(operation);
  }

  /** Returns false if the run stops first. */
  async #waitUntil(at: number): Promise<boolean> {
    const { stopping, transport } = this.#context;
    const { clock } = transport;
    const waitMs = at - clock.now();
    // Timers use whole milliseconds; rounding up avoids early starts.
    if (waitMs > 0) await clock.sleep(Math.ceil(waitMs), stopping).catch(() => {});
    return !stopping.aborted;
  }

  /** Returns the time of the last response; undefined if there was none. */
  async #afterOperation(planned: PlannedOperation, state: unknown): Promise<number | undefined> {
    const { afterOperation } = this.#context.workload;
    if (afterOperation === undefined || this.#context.transport.cancel.aborted) return undefined;
    const begin = async () => true;
    const after = { info: this.#info, state, planned, random: this.#random, suffix: 'd', begin } as const;
    const run = new OperationRun(after, this.#context);
    const performed = await run.perform((user) => afterOperation(user));
    if (performed.kind === 'failed') this.#failed('afterOperation', performed, afterOperation);
    return performed.kind === 'ended' ? performed.answeredAt : undefined;
  }

  #failed(where: string, { error, begun, lastCall }: Failed, code: Parameters<typeof frameOf>[0] = () => {}): void {
    const { workloadFailed, transport } = this.#context;
    workloadFailed(where, error, begun?.startedAt ?? transport.clock.now(), () => lastCall ?? frameOf(code));
  }
}
