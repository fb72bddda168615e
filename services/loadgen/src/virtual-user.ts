/**
 * One user: a closed model with a planned pace. Response time counts from the intended start of an
 * operation, so it includes the wait for a slow previous one (no coordinated omission). A user that
 * falls behind catches up with shorter pauses, and skips operations that are more than 10 s late:
 *
 *   late by   0 ──────────────── catch-up pause ──────────────── 10 s ──────────▶
 *   starts         immediately                   after the pause       (skipped)
 */
import type { LoadConfig, OperationKind } from '@encore/contracts';
import type { Clock, Random } from '@encore/kit';
import type { Dispatcher } from 'undici';
import type { Ledger } from './ledger.ts';
import { type LiveScore, newScore } from './live-score.ts';
import {
  abandonWrite,
  analyzeScore,
  deleteScore,
  exportScore,
  type IntendedWrite,
  intendWrite,
  type OperationEnd,
  type OperationTools,
  operationsOnScores,
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

export interface UserContext {
  runId: string;
  load: LoadConfig;
  users: number;
  dispatcher: Dispatcher;
  clock: Clock;
  ledger: Ledger;
  /** Aborts when no new operation may start. */
  stopping: AbortSignal;
  backoffMs: readonly [number, number];
  /** Aborts requests in flight. */
  cancel: AbortSignal;
  attemptEnded: (record: AttemptRecord) => void;
  operationEnded: (record: OperationRecord) => void;
  /** Receives each planned operation that is not performed. */
  operationSkipped: (kind: OperationKind) => void;
  /** Receives, for each start, the delay that the generator itself caused. */
  started: (lateMs: number) => void;
}

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
  readonly number: number;
  /** Oldest first, including uncertain ones. */
  readonly scores: LiveScore[] = [];
  readonly #context: UserContext;
  readonly #plan: UserPlan;
  readonly #random: Random;
  #created = 0;
  /** Time of the last response. What follows (ledger, next score) is the generator's own delay. */
  #freeAt = 0;
  /** Duration of the last operation, up to that response. */
  #tookMs = 0;

  constructor(number: number, random: Random, context: UserContext) {
    this.number = number;
    this.#context = context;
    this.#random = random.fork('pauses');
    this.#plan = new UserPlan(context.load, context.users, number, random, `${context.runId}-u${number}`);
  }

  /** Performs the plan from `startsAt` until the run stops. */
  async run(startsAt: number): Promise<void> {
    const { clock, stopping } = this.#context;
    let dueAt = startsAt;
    while (!stopping.aborted) {
      const planned = this.#plan.next();
      dueAt += planned.paceMs;
      const target = this.#choose(planned);
      // If all creations failed, for example, there is no score to work on.
      const isPossible = target !== undefined || !operationsOnScores.has(planned.kind);
      if (isPossible && clock.now() - dueAt <= maxBacklogMs) await this.#operate(planned, target, dueAt);
      else if (await this.#waitUntil(dueAt)) this.#context.operationSkipped(planned.kind);
    }
  }

  /** Scores whose stored state is certain. */
  certainScores(): LiveScore[] {
    return this.scores.filter(({ uncertain, version, writing }) => !uncertain && !writing && version > 0);
  }

  #choose({ kind, choice }: PlannedOperation): LiveScore | undefined {
    if (!operationsOnScores.has(kind)) return undefined;
    const certain = this.certainScores();
    return certain[Math.floor(choice * certain.length)];
  }

  async #operate(planned: PlannedOperation, target: LiveScore | undefined, dueAt: number): Promise<void> {
    const { clock, ledger } = this.#context;
    const beginAt = this.#beginAt(planned, dueAt);
    // Recorded before the intended start, so that the disk does not add to the response time.
    const write = planned.upload ? await this.#intend(planned, planned.upload, target) : null;
    if (!(await this.#waitUntil(beginAt))) {
      if (write) await abandonWrite(ledger, write, 'the run ended before it was sent');
      return;
    }
    const startedAt = clock.now();
    // Counts only delays by the generator's disk or CPU, not by a slow server.
    this.#context.started(startedAt - beginAt);
    const bytes = (write?.upload.bytes ?? target?.known.bytes ?? 0) * (planned.kind === 'heavy' ? 3 : 1);
    const tools = this.#tools(planned, startedAt + deadlineMsFor(bytes));
    const end = await this.#perform(planned, write, target, tools);
    const endedAt = tools.answeredAt();
    this.#context.operationEnded({ kind: planned.kind, end, dueAt, startedAt, endedAt });
    this.#freeAt = (await this.#deleteOldest(planned)) ?? endedAt;
    this.#tookMs = this.#freeAt - startedAt;
  }

  /** Start at `dueAt`, or as soon as the user is free, or after a pause if far behind. */
  #beginAt({ paceMs }: PlannedOperation, dueAt: number): number {
    const pauseMs = catchUpPauseMs(paceMs, this.#tookMs, this.#random);
    return this.#freeAt - dueAt > pauseMs ? this.#freeAt + pauseMs : Math.max(this.#freeAt, dueAt);
  }

  async #intend(planned: PlannedOperation, recipe: ScoreRecipe, target: LiveScore | undefined): Promise<IntendedWrite> {
    const upload = await describeScore(recipe);
    const throughTools = planned.throughTools && upload.bytes <= toolBytes;
    const { ledger } = this.#context;
    if (target) return intendWrite(ledger, this.number, { operation: 'modify', score: target, upload, throughTools });
    this.#created += 1;
    const id = `${this.#context.runId}-u${this.number}-${this.#created}`;
    const score = newScore(id, upload);
    return intendWrite(ledger, this.number, { operation: 'create', score, upload, throughTools });
  }

  /** Returns false if the run stops first. */
  async #waitUntil(at: number): Promise<boolean> {
    const { clock, stopping } = this.#context;
    const waitMs = at - clock.now();
    // Timers use whole milliseconds; rounding up avoids early starts.
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

  /**
   * Deletes the oldest score if the user has too many. Its attempts count, but not as an operation.
   * Returns the time of the last response.
   */
  async #deleteOldest(planned: PlannedOperation): Promise<number | undefined> {
    const oldest = this.scores[0];
    if (!oldest || this.scores.length <= this.#context.load.liveScoresPerUser || this.#context.cancel.aborted)
      return undefined;
    const tools = this.#tools(planned, this.#context.clock.now() + deadlineMsFor(0), 'd');
    if (await deleteScore(tools, this.number, oldest)) this.scores.splice(this.scores.indexOf(oldest), 1);
    // A score that cannot be deleted stays in the list, which must not grow without bound.
    else if (this.scores.length > this.#context.load.liveScoresPerUser * 2) this.scores.shift();
    return tools.answeredAt();
  }

  #tools(planned: PlannedOperation, deadlineAt: number, suffix = ''): OperationTools & { answeredAt: () => number } {
    const { runId, dispatcher, clock, cancel, ledger, attemptEnded, backoffMs } = this.#context;
    const stepContext: StepContext = {
      dispatcher,
      clock,
      random: this.#random,
      operation: planned.kind,
      operationId: `${runId}-u${this.number}-o${planned.number}${suffix}`,
      user: this.number,
      clientId: `${runId}-u${this.number}`,
      deadlineAt,
      cancel,
      backoffMs,
      attemptEnded,
      attempts: { count: 0 },
    };
    // The last response ends the operation; writing to disk after it does not count.
    let answeredAt = clock.now();
    const run: OperationTools['run'] = async (step) => {
      const end = await runStep(step, stepContext);
      answeredAt = clock.now();
      return end;
    };
    return { ledger, run, answeredAt: () => answeredAt };
  }
}
