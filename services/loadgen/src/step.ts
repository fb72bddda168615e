/**
 * One request of an operation, tried at most three times inside the operation's deadline. Pauses grow, differ by a factor of up
 * to three between users, and are never shorter than Retry-After; they are long enough to outlive an outage of several seconds.
 * Each try is counted with its own outcome.
 */
import type { OperationKind, Outcome } from '@encore/contracts';
import type { Clock, Random } from '@encore/kit';
import type { Dispatcher } from 'undici';
import { type Checked, type Classified, classifyOutcome } from './classify-outcome.ts';
import { type Answer, type ExchangeEnd, type ExchangeRequest, exchange } from './exchange.ts';

export interface Step<Value> {
  /** "PUT /scores/:id", "key_analysis": what the attempt is called in the history. */
  name: string;
  /** Bytes that go up or come down: they lengthen the timeouts. */
  bytes: number;
  build: (attemptId: string) => ExchangeRequest;
  /** `mayHaveHappened`: an earlier attempt of this step ended without a definite no. */
  check: (answer: Answer, attemptId: string, mayHaveHappened: boolean) => Checked<Value>;
}

export interface AttemptRecord {
  attemptId: string;
  operationId: string;
  operation: OperationKind;
  user: number;
  request: string;
  outcome: Outcome;
  detail: string;
  startedAt: number;
  endedAt: number;
  bytesSent: number;
  bytesReceived: number;
}

export interface StepContext {
  dispatcher: Dispatcher;
  clock: Clock;
  random: Random;
  operation: OperationKind;
  operationId: string;
  user: number;
  /** Sent as X-Client-Id. */
  clientId: string;
  deadlineAt: number;
  /** The end of the run, after the grace. */
  cancel: AbortSignal;
  attemptEnded: (record: AttemptRecord) => void;
  /** Mean pauses before the second and the third try. */
  pausesMs: readonly [number, number];
  /** Attempts of all steps of this operation so far; numbers the next one. */
  attempts: { count: number };
}

export type StepEnd<Value> =
  | { how: 'right'; value: Value }
  /** `mayHaveHappened`: a write may have taken effect, so it is unknown and not failed. */
  | { how: 'failed'; outcome: Outcome; detail: string; mayHaveHappened: boolean }
  | { how: 'cancelled'; mayHaveHappened: boolean };

type AttemptEnd<Value> = Classified & { end: ExchangeEnd; checked: Checked<Value> | null };

const maxTries = 3;
/** An outage of several seconds is outlived by one of the tries. */
export const defaultPausesMs = [2_000, 6_000] as const;
/** Of the mean pause: users whose requests were cut at the same moment come back over two seconds, then over six. */
const jitter = 0.5;
const headersTimeoutMs = 10_000;
const bodyTimeoutMs = 10_000;
/** What a slow link or a busy server still manages; it lengthens deadlines of large scores. */
const slowestBytesPerMs = 400;
/** These say surely that nothing was done. */
const definiteNo: ReadonlySet<Outcome> = new Set(['refused', 'dns', 'connect_timeout', 'not_started']);

/** 30 s for a small request, more by size. */
export function deadlineMsFor(bytes: number): number {
  return 30_000 + bytes / slowestBytesPerMs;
}

export async function runStep<Value>(step: Step<Value>, context: StepContext): Promise<StepEnd<Value>> {
  let mayHaveHappened = false;
  for (let tries = 1; ; tries += 1) {
    const ended: AttemptEnd<Value> = await attempt(step, context, mayHaveHappened);
    const { end, checked, outcome, detail } = ended;
    if (checked?.verdict === 'right') return { how: 'right', value: checked.value };
    if (end.how !== 'cancelled' || end.bytesSent > 0) mayHaveHappened ||= !isDefiniteNo(outcome, checked);
    if (end.how === 'cancelled') return { how: 'cancelled', mayHaveHappened };
    const failed = { how: 'failed', outcome, detail, mayHaveHappened } as const;
    if (tries === maxTries || outcome === 'client_error_unexpected') return failed;
    const retryAfterMs = checked?.verdict === 'refusal' ? (checked.retryAfterMs ?? 0) : 0;
    const pauseMs = pauseBefore(context.pausesMs[tries - 1] ?? 0, retryAfterMs, context.random);
    if (context.clock.now() + pauseMs >= context.deadlineAt) return failed;
    try {
      await context.clock.sleep(pauseMs, context.cancel);
    } catch {
      return { how: 'cancelled', mayHaveHappened };
    }
  }
}

function pauseBefore(meanMs: number, retryAfterMs: number, random: Random): number {
  const planned = meanMs * random.between(1 - jitter, 1 + jitter);
  // Later than asked for, so that not everybody comes back at the same moment. The deadline bounds it.
  return Math.max(planned, retryAfterMs * random.between(1, 1 + jitter));
}

function isDefiniteNo(outcome: Outcome, checked: Checked<unknown> | null): boolean {
  return definiteNo.has(outcome) || (checked !== null && checked.verdict !== 'right' && checked.definite);
}

async function attempt<Value>(
  step: Step<Value>,
  context: StepContext,
  mayHaveHappened: boolean,
): Promise<AttemptEnd<Value>> {
  const { clock, operation, operationId, user } = context;
  context.attempts.count += 1;
  const attemptId = `${operationId}.${context.attempts.count}`;
  const request = step.build(attemptId);
  request.headers['x-client-id'] = context.clientId;
  request.headers['x-request-id'] = attemptId;
  const startedAt = clock.now();
  const end: ExchangeEnd = await exchange(context.dispatcher, request, {
    deadlineAt: context.deadlineAt,
    headersTimeoutMs: headersTimeoutMs + step.bytes / slowestBytesPerMs,
    bodyTimeoutMs,
    cancel: context.cancel,
    now: clock.now,
  });
  const endedAt = clock.now();
  const checked = end.how === 'answered' ? step.check(end.answer, attemptId, mayHaveHappened) : null;
  const { outcome, detail } = classifyOutcome(end, checked);
  const { bytesSent, bytesReceived } = end;
  context.attemptEnded({
    attemptId,
    operationId,
    operation,
    user,
    request: step.name,
    outcome,
    detail,
    startedAt,
    endedAt,
    bytesSent,
    bytesReceived,
  });
  return { end, checked, outcome, detail };
}
