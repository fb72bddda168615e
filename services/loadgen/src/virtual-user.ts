/**
 * One user: a closed loop with a plan. Each operation has an intended start, and its response time counts from there, so that
 * waiting for a slow operation before it is not lost. A user who fell behind catches up like a person: with pauses that are
 * shorter than planned, but not without any, and without the operations that are too late. Those are counted as skipped.
 *
 *   late by    nothing ─────── a short pause ───────────────── 10 s ─────────
 *   it begins  as planned      at once    after a short pause       skipped
 */
import type { LoadConfig, OperationKind } from '@encore/contracts';
import type { Clock, Random } from '@encore/kit';
import type { Dispatcher } from 'undici';
import type { Ledger } from './ledger.ts';
import { type LiveScore, newScore } from './live-score.ts';
import {
  analyzeScore,
  deleteScore,
  exportScore,
  type IntendedWrite,
  intendWrite,
  type OperationEnd,
  type OperationTools,
  operationsOnScores,
  refuseWrite,
  sendWrite,
  toolBytes,
} from './operations.ts';
import { describeScore, type ScoreRecipe } from './score-generator.ts';
import { type AttemptRecord, deadlineMsFor, runStep, type StepContext } from './step.ts';
import { type PlannedOperation, UserPlan } from './user-plan.ts';

export interface OperationRecord {
  kind: OperationKind;
  end: OperationEnd;
  /** The intended start. */
  dueAt: number;
  startedAt: number;
  endedAt: number;
}

export interface UserSurroundings {
  runId: string;
  load: LoadConfig;
  users: number;
  dispatcher: Dispatcher;
  clock: Clock;
  ledger: Ledger;
  /** No new operation begins. */
  stopping: AbortSignal;
  pausesMs: readonly [number, number];
  /** What is under way is cut. */
  cancel: AbortSignal;
  attemptEnded: (record: AttemptRecord) => void;
  operationEnded: (record: OperationRecord) => void;
  /** A planned operation that is never performed. */
  operationSkipped: (kind: OperationKind) => void;
  /** How late an operation began for reasons of the generator alone. */
  started: (lateMs: number) => void;
}

/** A user who fell behind still performs what is late by less than this. */
const maxBacklogMs = 10_000;
/** Pause of a user who catches up, as a share of the time that the plan leaves it: at most four times the usual rate. */
const catchUpPause = { min: 0.25, max: 0.5 } as const;
/** Of the planned pace. Slow operations leave this much at least, so that users whose answers come together do not go on together. */
const leastFreeShare = 0.2;

/** Less than what the last operation left free of the pace, so that a user who is faster than its plan always catches up. */
export function catchUpPauseMs(paceMs: number, tookMs: number, random: Random): number {
  const freeMs = Math.max(paceMs * leastFreeShare, paceMs - tookMs);
  return freeMs * random.between(catchUpPause.min, catchUpPause.max);
}

export class VirtualUser {
  readonly number: number;
  /** Oldest first; also those that are uncertain. */
  readonly scores: LiveScore[] = [];
  readonly #around: UserSurroundings;
  readonly #plan: UserPlan;
  readonly #random: Random;
  #created = 0;
  /** When the last answer came. What follows it (the ledger, the next score) is the generator's own time. */
  #freeAt = 0;
  /** From the start of the last operation to then. */
  #tookMs = 0;

  constructor(number: number, random: Random, around: UserSurroundings) {
    this.number = number;
    this.#around = around;
    this.#random = random.fork('pauses');
    this.#plan = new UserPlan(around.load, around.users, number, random, `${around.runId}-u${number}`);
  }

  /** Lives from `startsAt` until the run stops. */
  async live(startsAt: number): Promise<void> {
    const { clock, stopping } = this.#around;
    let dueAt = startsAt;
    while (!stopping.aborted) {
      const planned = this.#plan.next();
      dueAt += planned.paceMs;
      const target = this.#choose(planned);
      // Without a score whose content is known (the creations failed, say) there is nothing to ask for.
      const isPossible = target !== undefined || !operationsOnScores.has(planned.kind);
      if (isPossible && clock.now() - dueAt <= maxBacklogMs) await this.#operate(planned, target, dueAt);
      else if (await this.#waitUntil(dueAt)) this.#around.operationSkipped(planned.kind);
    }
  }

  /** Scores whose content is known for sure. */
  settled(): LiveScore[] {
    return this.scores.filter(({ uncertain, version, writing }) => !uncertain && !writing && version > 0);
  }

  #choose({ kind, choice }: PlannedOperation): LiveScore | undefined {
    if (!operationsOnScores.has(kind)) return undefined;
    const settled = this.settled();
    return settled[Math.floor(choice * settled.length)];
  }

  async #operate(planned: PlannedOperation, target: LiveScore | undefined, dueAt: number): Promise<void> {
    const { clock, ledger } = this.#around;
    const beginAt = this.#beginAt(planned, dueAt);
    // The intention is on disk before the intended start, so that the disk is no part of the response time.
    const write = planned.upload ? await this.#intend(planned, planned.upload, target) : null;
    if (!(await this.#waitUntil(beginAt))) {
      if (write) await refuseWrite(ledger, write, 'the run ended before it was sent');
      return;
    }
    const startedAt = clock.now();
    // A user who is behind because the server was slow is not late; one who waited for the generator's disk or CPU is.
    this.#around.started(startedAt - beginAt);
    const bytes = (write?.upload.bytes ?? target?.known.bytes ?? 0) * (planned.kind === 'heavy' ? 3 : 1);
    const tools = this.#tools(planned, startedAt + deadlineMsFor(bytes));
    const end = await this.#perform(planned, write, target, tools);
    const endedAt = tools.answeredAt();
    this.#around.operationEnded({ kind: planned.kind, end, dueAt, startedAt, endedAt });
    this.#freeAt = (await this.#deleteOldest(planned)) ?? endedAt;
    this.#tookMs = this.#freeAt - startedAt;
  }

  /** When to begin what was due at `dueAt`: then, or when the user is free, or after a short pause when that is later by more. */
  #beginAt({ paceMs }: PlannedOperation, dueAt: number): number {
    const pauseMs = catchUpPauseMs(paceMs, this.#tookMs, this.#random);
    return this.#freeAt - dueAt > pauseMs ? this.#freeAt + pauseMs : Math.max(this.#freeAt, dueAt);
  }

  async #intend(planned: PlannedOperation, recipe: ScoreRecipe, target: LiveScore | undefined): Promise<IntendedWrite> {
    const upload = await describeScore(recipe);
    const throughTools = planned.throughTools && upload.bytes <= toolBytes;
    const { ledger } = this.#around;
    if (target) return intendWrite(ledger, this.number, { operation: 'modify', score: target, upload, throughTools });
    this.#created += 1;
    const id = `${this.#around.runId}-u${this.number}-${this.#created}`;
    const score = newScore(id, upload);
    return intendWrite(ledger, this.number, { operation: 'create', score, upload, throughTools });
  }

  /** False when the run is stopped before. */
  async #waitUntil(at: number): Promise<boolean> {
    const { clock, stopping } = this.#around;
    const waitMs = at - clock.now();
    // A timer counts whole milliseconds: rounded up, no start is early.
    if (waitMs > 0) await clock.sleep(Math.ceil(waitMs), stopping).catch(() => {});
    return !stopping.aborted;
  }

  async #perform(
    planned: PlannedOperation,
    write: IntendedWrite | null,
    target: LiveScore | undefined,
    tools: OperationTools,
  ): Promise<OperationEnd> {
    let end: OperationEnd = 'ok';
    if (write) end = await this.#write(tools, write);
    else if (target && planned.kind === 'analyze') end = await analyzeScore(tools, target);
    else if (target) end = await exportScore(tools, target, planned.throughTools && target.known.bytes <= toolBytes);
    if (planned.kind === 'heavy' && write && end === 'ok') end = await analyzeScore(tools, write.score);
    if (planned.kind === 'heavy' && write && end === 'ok') end = await exportScore(tools, write.score, false);
    return end;
  }

  async #write(tools: OperationTools, write: IntendedWrite): Promise<OperationEnd> {
    const end = await sendWrite(tools, write);
    if (write.operation === 'create' && (end === 'ok' || end === 'unknown')) this.scores.push(write.score);
    return end;
  }

  /** Housekeeping after the operation: its attempts are counted with it, its end is not. Returns when its last answer came. */
  async #deleteOldest(planned: PlannedOperation): Promise<number | undefined> {
    const oldest = this.scores[0];
    if (!oldest || this.scores.length <= this.#around.load.liveScoresPerUser || this.#around.cancel.aborted)
      return undefined;
    const tools = this.#tools(planned, this.#around.clock.now() + deadlineMsFor(0), 'd');
    if (await deleteScore(tools, this.number, oldest)) this.scores.splice(this.scores.indexOf(oldest), 1);
    // One that cannot be deleted stays, uncertain; the list must not grow for it without end.
    else if (this.scores.length > this.#around.load.liveScoresPerUser * 2) this.scores.shift();
    return tools.answeredAt();
  }

  #tools(planned: PlannedOperation, deadlineAt: number, suffix = ''): OperationTools & { answeredAt: () => number } {
    const { runId, dispatcher, clock, cancel, ledger, attemptEnded, pausesMs } = this.#around;
    const context: StepContext = {
      dispatcher,
      clock,
      random: this.#random,
      operation: planned.kind,
      operationId: `${runId}-u${this.number}-o${planned.number}${suffix}`,
      user: this.number,
      clientId: `${runId}-u${this.number}`,
      deadlineAt,
      cancel,
      pausesMs,
      attemptEnded,
      attempts: { count: 0 },
    };
    // The last answer ends the operation: what is written to the disk after it is no part of its time.
    let answeredAt = clock.now();
    const run: OperationTools['run'] = async (step) => {
      const end = await runStep(step, context);
      answeredAt = clock.now();
      return end;
    };
    return { ledger, run, answeredAt: () => answeredAt };
  }
}
