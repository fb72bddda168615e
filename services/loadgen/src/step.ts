/**
 * Runs one request of an operation, with at most three attempts within the operation's deadline.
 * The backoff grows, is jittered by up to a factor of three between users, is never shorter than
 * Retry-After, and spans an outage of several seconds. Each attempt has its own outcome.
 */
import type { OperationKind, Outcome } from '@encore/contracts';
import type { Clock, Random } from '@encore/kit';
import type { Dispatcher } from 'undici';
import { type CheckResult, type Classified, classifyOutcome } from './classify-outcome.ts';
import { type ExchangeEnd, type ExchangeRequest, exchange, type HttpResponse } from './exchange.ts';

export interface Step<Value> {
  /** The request's name in the history, such as "PUT /scores/:id" or "key_analysis". */
  name: string;
  /** Bytes to upload or download, which extend the timeouts. */
  bytes: number;
  build: (attemptId: string) => ExchangeRequest;
  /** `mayHaveHappened`: an earlier attempt of this step may have taken effect. */
  check: (response: HttpResponse, attemptId: string, mayHaveHappened: boolean) => CheckResult<Value>;
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
  /** Aborts the request at the end of the grace period. */
  cancel: AbortSignal;
  attemptEnded: (record: AttemptRecord) => void;
  /** Mean backoff before the second and the third attempt. */
  backoffMs: readonly [number, number];
  /** Attempts so far, over all steps of the operation; numbers the next one. */
  attempts: { count: number };
}

export type StepEnd<Value> =
  | { kind: 'ok'; value: Value }
  /** `mayHaveHappened`: a write may have taken effect, so its result is unknown. */
  | { kind: 'failed'; outcome: Outcome; detail: string; mayHaveHappened: boolean }
  | { kind: 'cancelled'; mayHaveHappened: boolean };

type AttemptEnd<Value> = Classified & { end: ExchangeEnd; checked: CheckResult<Value> | null };

const maxAttempts = 3;
/** Together they span an outage of several seconds. */
export const defaultBackoffMs = [2_000, 6_000] as const;
/**
 * Share of the mean backoff. Users whose requests failed together retry spread over two seconds,
 * then over six.
 */
const jitter = 0.5;
const headersTimeoutMs = 10_000;
const bodyTimeoutMs = 10_000;
/** Throughput expected of a slow connection or busy server; sets the deadlines of large scores. */
const minBytesPerMs = 400;
/** Outcomes after which the request certainly had no effect. */
const definiteFailures: ReadonlySet<Outcome> = new Set(['refused', 'dns', 'connect_timeout', 'not_started']);

/** Returns the deadline of an operation: 30 s, plus time for its bytes. */
export function deadlineMsFor(bytes: number): number {
  return 30_000 + bytes / minBytesPerMs;
}

export async function runStep<Value>(step: Step<Value>, context: StepContext): Promise<StepEnd<Value>> {
  let mayHaveHappened = false;
  for (let attempts = 1; ; attempts += 1) {
    const ended: AttemptEnd<Value> = await attempt(step, context, mayHaveHappened);
    const { end, checked, outcome, detail } = ended;
    if (checked?.kind === 'ok') return { kind: 'ok', value: checked.value };
    if (end.kind !== 'cancelled' || end.bytesSent > 0) mayHaveHappened ||= !isDefiniteFailure(outcome, checked);
    if (end.kind === 'cancelled') return { kind: 'cancelled', mayHaveHappened };
    const failed = { kind: 'failed', outcome, detail, mayHaveHappened } as const;
    if (attempts === maxAttempts || outcome === 'client_error_unexpected') return failed;
    const retryAfterMs = checked?.kind === 'refusal' ? (checked.retryAfterMs ?? 0) : 0;
    const waitMs = backoffBefore(context.backoffMs[attempts - 1] ?? 0, retryAfterMs, context.random);
    if (context.clock.now() + waitMs >= context.deadlineAt) return failed;
    try {
      await context.clock.sleep(waitMs, context.cancel);
    } catch {
      return { kind: 'cancelled', mayHaveHappened };
    }
  }
}

function backoffBefore(meanMs: number, retryAfterMs: number, random: Random): number {
  const planned = meanMs * random.between(1 - jitter, 1 + jitter);
  // Jitter on top of Retry-After, so that users do not return together. The deadline bounds it.
  return Math.max(planned, retryAfterMs * random.between(1, 1 + jitter));
}

function isDefiniteFailure(outcome: Outcome, checked: CheckResult<unknown> | null): boolean {
  return definiteFailures.has(outcome) || (checked !== null && checked.kind !== 'ok' && checked.definite);
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
    headersTimeoutMs: headersTimeoutMs + step.bytes / minBytesPerMs,
    bodyTimeoutMs,
    cancel: context.cancel,
    now: clock.now,
  });
  const endedAt = clock.now();
  const checked = end.kind === 'answered' ? step.check(end.response, attemptId, mayHaveHappened) : null;
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
