/**
 * Runs one operation of the workload: sends its requests, records its writes, and returns how it
 * ended.
 *
 *   run(user) ──▶ first request: waits for the planned start ──▶ steps ──▶ the function returns
 *
 * A failed step ends the operation, whatever the function does with the exception. An exception of
 * another kind is a workload error: the operation counts as cancelled.
 */
import type { Random } from '@encore/kit/random';
import {
  CheckFailed,
  RequestFailed,
  type RequestOrBuilder,
  type Response,
  type User,
  type UserInfo,
  type WriteOptions,
} from '@encore/workload';
import { bytesOf } from '../http/exchange.ts';
import { checkDigest, checkId } from './check-request.ts';
import { untilHung } from './hang-watch.ts';
import type { OperationEnd, UserEntry } from './messages.ts';
import { operationUser } from './operation-user.ts';
import { type AttemptRecord, minBytesPerMs, reasonOf, runStep, type StepEnd, type Transport } from './step.ts';
import type { AnyWorkload, PlannedOperation } from './user-plan.ts';

/** What the operations of a worker share. */
export interface OperationContext {
  workload: AnyWorkload;
  transport: Transport;
  /** Resolves when the entry of the ledger is on disk. */
  record: (entry: UserEntry, bytes: number) => Promise<void>;
  reporter: { attemptEnded: (record: AttemptRecord) => void };
}

export interface StartedOperation {
  info: UserInfo;
  state: unknown;
  planned: PlannedOperation;
  random: Random;
  /** Distinguishes the steps of `afterOperation`. */
  suffix: '' | 'd';
  /** Waits for the planned start; false if the run stops first. */
  begin: () => Promise<boolean>;
}

export type Performed =
  /** The run stopped first, or the workload skipped the operation. */
  | { kind: 'not_performed'; isSkipped: boolean }
  | { kind: 'ended'; end: OperationEnd; startedAt: number; answeredAt: number }
  /** `lastCall`: the stack of the last request, if there was one. */
  | {
      kind: 'failed';
      error: unknown;
      begun: { startedAt: number; answeredAt: number } | null;
      lastCall: string | null;
    };

const defaultDeadlineMs = 30_000;

class Skipped extends Error {}

export class OperationRun {
  readonly #operation: StartedOperation;
  readonly #context: OperationContext;
  readonly #id: string;
  /** Over all steps. */
  #attempts = 0;
  #begun: Promise<void> | null = null;
  #isStopped = false;
  #performedAt = 0;
  /** 0 until the first request is sent. */
  #startedAt = 0;
  #answeredAt = 0;
  #end: OperationEnd = 'ok';
  /** The last attempt, until the next one: a check of the workload may still change its outcome. */
  #held: AttemptRecord | null = null;
  #bytes = 0;
  /** One per open request, with the place that sent it. */
  readonly #open = new Set<Error>();
  /** The place of the last request. */
  #lastCall: Error | null = null;
  #ids = 0;
  #writes = 0;
  /** Entries that are not yet on disk. */
  #recordings = 0;
  #isOver = false;
  /** An error of the workload's own code within a request. */
  #threw: { error: unknown } | null = null;

  constructor(operation: StartedOperation, context: OperationContext) {
    const { info, planned, suffix } = operation;
    this.#id = `${info.id}-o${planned.number}${suffix}`;
    this.#operation = operation;
    this.#context = context;
  }

  async perform(run: (user: User<unknown, unknown>) => Promise<void> | void): Promise<Performed> {
    let thrown: { error: unknown } | null = null;
    const { now } = this.#context.transport.clock;
    this.#performedAt = now();
    try {
      await untilHung(run(operationUser(this.#operation, this)), {
        now,
        deadlineAt: () => (this.#isHeld ? null : this.#deadlineAfter(0)),
      });
      const [open] = this.#open;
      if (open !== undefined) thrown = { error: open };
    } catch (error) {
      thrown = { error };
    }
    this.#isOver = true;
    const result = this.#resultOf(thrown);
    this.#release();
    return result;
  }

  /** Whether the operation waits for its planned start or for the disk, not for the workload. */
  get #isHeld(): boolean {
    return this.#recordings > 0 || (this.#begun !== null && this.#startedAt === 0);
  }

  #resultOf(thrown: { error: unknown } | null): Performed {
    const begun = this.#begun !== null && !this.#isStopped;
    if (this.#threw !== null) return this.#failed(this.#threw.error, begun);
    if (this.#isStopped) return { kind: 'not_performed', isSkipped: false };
    if (thrown !== null) {
      const { error } = thrown;
      if (error instanceof Skipped && !begun) return { kind: 'not_performed', isSkipped: true };
      if (error instanceof CheckFailed && this.#held !== null) this.#failHeld(error, this.#held);
      else if (!(error instanceof RequestFailed)) return this.#failed(error, begun);
    }
    if (!begun) return { kind: 'not_performed', isSkipped: true };
    return { kind: 'ended', end: this.#end, startedAt: this.#startedAt, answeredAt: this.#answeredAt };
  }

  #failed(error: unknown, begun: boolean): Performed {
    const times = { startedAt: this.#startedAt, answeredAt: this.#answeredAt };
    return { kind: 'failed', error, begun: begun ? times : null, lastCall: this.#lastCall?.stack ?? null };
  }

  request(request: RequestOrBuilder): Promise<Response> {
    return this.#awaited(async () => {
      const end = await this.#step(request, '');
      return end.kind === 'ok' ? end.response : this.#fail(end, false);
    });
  }

  write(id: string, digest: string, request: RequestOrBuilder, options?: WriteOptions): Promise<Response> {
    return this.#awaited(async () => {
      const { info } = this.#operation;
      checkId(id, info.runId);
      checkDigest(digest);
      const key = this.#newKey(id, 'w');
      const entry = { type: 'intended', key, user: info.number, operation: 'write', id, digest } as const;
      const bytes = typeof request === 'function' ? 0 : bytesOf(request.body);
      const end = await this.#sendIntended(entry, bytes, request);
      if (end.kind !== 'ok') return this.#fail(end, true);
      const numbered = options?.version === undefined ? {} : { version: options.version };
      await this.#record({ type: 'acknowledged', key, id, digest, ...numbered }, bytes);
      return end.response;
    });
  }

  remove(id: string, request: RequestOrBuilder): Promise<Response> {
    return this.#awaited(async () => {
      const { info } = this.#operation;
      checkId(id, info.runId);
      // Each deletion has its own key, so that a refused deletion does not resolve an earlier one
      // that had no response.
      const key = this.#newKey(id, 'd');
      const entry = { type: 'intended', key, user: info.number, operation: 'delete', id, digest: '' } as const;
      const end = await this.#sendIntended(entry, 0, request);
      if (end.kind !== 'ok') return this.#fail(end, true);
      await this.#record({ type: 'deleted', key, id }, 0);
      return end.response;
    });
  }

  /** Tracks the call, with its place in the workload, to report one that is not awaited. */
  async #awaited(call: () => Promise<Response>): Promise<Response> {
    if (this.#isOver) throw new Error('a request after the operation ended; await each request within it');
    const place = new Error('the operation ended before this request; await each request');
    this.#open.add(place);
    this.#lastCall = place;
    try {
      return await call();
    } finally {
      this.#open.delete(place);
    }
  }

  /**
   * Records the intent, which must be on disk before the request is sent, and the result of a
   * request that was not acknowledged.
   */
  async #sendIntended(
    entry: Extract<UserEntry, { type: 'intended' }>,
    bytes: number,
    request: RequestOrBuilder,
  ): Promise<StepEnd> {
    const { key, operation } = entry;
    await this.#record(entry, bytes);
    let end: StepEnd;
    try {
      end = await this.#step(request, operation === 'write' ? key : '');
    } catch (error) {
      await this.#record({ type: 'refused', key, reason: 'the run ended before it was sent' }, 0);
      throw error;
    }
    if (end.kind === 'ok') return end;
    const reason = reasonOf(end);
    const mayHaveHappened = end.kind === 'workload' || end.mayHaveHappened;
    await this.#record({ type: mayHaveHappened ? 'unknown' : 'refused', key, reason }, 0);
    return end;
  }

  async #record(entry: UserEntry, bytes: number): Promise<void> {
    this.#recordings += 1;
    try {
      await this.#context.record(entry, bytes);
    } finally {
      this.#recordings -= 1;
    }
  }

  async #step(request: RequestOrBuilder, key: string): Promise<StepEnd> {
    this.#begun ??= this.#begin();
    await this.#begun;
    const { transport } = this.#context;
    const { info, planned, random } = this.#operation;
    const sender = { operationId: this.#id, operation: planned.operation, user: info.number };
    const end = await runStep(request, key, {
      transport,
      random,
      clientId: info.id,
      nextAttemptId: () => {
        this.#attempts += 1;
        return `${this.#id}.${this.#attempts}`;
      },
      deadlineAfter: (bytes) => this.#deadlineAfter(bytes),
      attemptEnded: (record) => this.#hold({ ...record, ...sender }),
    });
    // The last response ends the operation; writing to disk after it does not count.
    this.#answeredAt = transport.clock.now();
    return end;
  }

  async #begin(): Promise<void> {
    if (!(await this.#operation.begin())) {
      this.#isStopped = true;
      throw new RequestFailed('cancelled_at_end', 'the run ended before the operation began', false);
    }
    this.#startedAt = this.#context.transport.clock.now();
    this.#answeredAt = this.#startedAt;
  }

  #deadlineAfter(bytes: number): number {
    const { planned, suffix } = this.#operation;
    const deadlineMs = suffix === '' ? this.#context.workload.operations[planned.operation]?.deadlineMs : undefined;
    const fromAt = this.#startedAt === 0 ? this.#performedAt : this.#startedAt;
    const fixedMs = typeof deadlineMs === 'function' ? deadlineMs(planned.plan) : deadlineMs;
    if (fixedMs !== undefined) return fromAt + fixedMs;
    this.#bytes += bytes;
    return fromAt + defaultDeadlineMs + this.#bytes / minBytesPerMs;
  }

  #fail(end: Exclude<StepEnd, { kind: 'ok' }>, isWrite: boolean): never {
    if (end.kind === 'workload') {
      this.#threw = { error: end.error };
      throw end.error;
    }
    if (end.kind === 'cancelled') {
      this.#end = 'cancelled';
      throw new RequestFailed('cancelled_at_end', 'the run ended', end.mayHaveHappened);
    }
    if (this.#end === 'ok' || this.#end === 'failed') this.#end = isWrite && end.mayHaveHappened ? 'unknown' : 'failed';
    throw new RequestFailed(end.outcome, end.detail, end.mayHaveHappened);
  }

  #failHeld({ failure }: CheckFailed, held: AttemptRecord): void {
    this.#held = { ...held, outcome: failure.outcome, detail: failure.detail };
    if (this.#end === 'ok') this.#end = 'failed';
  }

  #hold(record: AttemptRecord): void {
    this.#release();
    if (this.#isOver) this.#context.reporter.attemptEnded(record);
    else this.#held = record;
  }

  #release(): void {
    if (this.#held !== null) this.#context.reporter.attemptEnded(this.#held);
    this.#held = null;
  }

  newId(): string {
    this.#ids += 1;
    const { info, planned } = this.#operation;
    const id = `${info.id}-${planned.number}`;
    return this.#ids === 1 ? id : `${id}-${this.#ids}`;
  }

  #newKey(id: string, letter: 'w' | 'd'): string {
    this.#writes += 1;
    const { planned } = this.#operation;
    const key = `${id}-${letter}${planned.number}`;
    return this.#writes === 1 ? key : `${key}-${this.#writes}`;
  }

  skip(reason: string): never {
    if (this.#begun !== null)
      throw new Error(`skip was called after the operation's first request (${reason}); call it before any request`);
    throw new Skipped(reason);
  }
}
