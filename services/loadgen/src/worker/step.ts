/**
 * Runs one request of an operation, with at most three attempts within the operation's deadline.
 * The backoff grows, is jittered by up to a factor of three between users, is never shorter than
 * Retry-After, and spans an outage of several seconds. Each attempt has its own outcome.
 */
import type { Outcome } from '@encore/contracts/outcome';
import type { Clock } from '@encore/kit/clock';
import type { Random } from '@encore/kit/random';
import {
  type Attempt,
  CheckFailed,
  corrupt,
  type ErrorFormat,
  type Failure,
  type Request,
  RequestFailed,
  type RequestOrBuilder,
  type Response,
} from '@encore/workload';
import type { Dispatcher } from 'undici';
import { failureOfExchange, failureOfStatus, retryAfterMsOf } from '../http/classify-outcome.ts';
import { bytesOf, type ExchangeEnd, exchange, type HttpResponse } from '../http/exchange.ts';
import { checkRequest } from './check-request.ts';

/** One attempt of a step; its operation adds who sent it. */
export interface StepRecord {
  attemptId: string;
  /** The request's name in the history, such as "PUT /items/:id". */
  request: string;
  outcome: Outcome;
  detail: string;
  startedAt: number;
  endedAt: number;
  bytesSent: number;
  bytesReceived: number;
}

export interface AttemptRecord extends StepRecord {
  operationId: string;
  operation: string;
  user: number;
}

/** How the users of a worker send their requests. */
export interface Transport {
  dispatcher: Dispatcher;
  clock: Clock;
  errors: ErrorFormat | undefined;
  /** Aborts requests in flight at the end of the grace period. */
  cancel: AbortSignal;
  /** Mean backoff before the second and the third attempt. */
  backoffMs: readonly [number, number];
  /** How long the thread was blocked, if that ended after this time; otherwise 0. */
  blockedMsSince: (at: number) => number;
}

export interface StepContext {
  transport: Transport;
  random: Random;
  /** Sent as X-Client-Id. */
  clientId: string;
  /** The id of the operation's next attempt. */
  nextAttemptId: () => string;
  /** The deadline once the operation sends or receives this many more bytes. */
  deadlineAfter: (bytes: number) => number;
  attemptEnded: (record: StepRecord) => void;
}

export type StepEnd =
  | { kind: 'ok'; response: Response }
  /** `mayHaveHappened`: a write may have taken effect, so its result is unknown. */
  | { kind: 'failed'; outcome: Outcome; detail: string; mayHaveHappened: boolean }
  | { kind: 'cancelled'; mayHaveHappened: boolean }
  /** The workload's own code threw. */
  | { kind: 'workload'; error: unknown };

type AttemptEnd =
  | { kind: 'ok'; response: Response }
  | { kind: 'failed'; failure: Failure; retryAfterMs: number; wasSent: boolean }
  | { kind: 'workload'; error: unknown };

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
/** Throughput expected of a slow connection or busy server; sets the deadlines of large bodies. */
export const minBytesPerMs = 400;
/** Outcomes that even a correct system produces while the thread is blocked. */
const outcomesOfDelay: ReadonlySet<Outcome> = new Set([
  'deadline',
  'header_timeout',
  'body_timeout',
  'connect_timeout',
  'reset_before',
  'cut_mid_body',
]);
/** Outcomes after which the request certainly had no effect. */
const definiteFailures: ReadonlySet<Outcome> = new Set([
  'refused',
  'dns',
  'connect_timeout',
  'not_started',
  'session_lost',
]);

/** `key`: the idempotency key of a write; '' for other requests. */
export async function runStep(request: RequestOrBuilder, key: string, context: StepContext): Promise<StepEnd> {
  const { clock, cancel, backoffMs } = context.transport;
  let mayHaveHappened = false;
  let deadlineAt: number | null = null;
  for (let attempts = 1; ; attempts += 1) {
    const attempt: Attempt = { id: context.nextAttemptId(), key, mayHaveHappened };
    let built: Request;
    try {
      built = checkRequest(typeof request === 'function' ? await request(attempt) : request);
    } catch (error) {
      // The request needs another one first, such as a new session, and that one failed.
      if (error instanceof RequestFailed) return endOfOther(error, mayHaveHappened);
      return { kind: 'workload', error };
    }
    const bytes = built.bytes ?? bytesOf(built.body);
    deadlineAt ??= context.deadlineAfter(bytes);
    const end = await runAttempt(built, attempt, { ...context, deadlineAt, bytes });
    if (end.kind !== 'failed') return end;
    const { outcome, detail, definite } = end.failure;
    const isCancelled = outcome === 'cancelled_at_end';
    if (!isCancelled || end.wasSent) mayHaveHappened ||= !(definite || definiteFailures.has(outcome));
    if (isCancelled) return { kind: 'cancelled', mayHaveHappened };
    const failed = { kind: 'failed', outcome, detail, mayHaveHappened } as const;
    if (attempts === maxAttempts || outcome === 'client_error_unexpected') return failed;
    const waitMs = backoffBefore(backoffMs[attempts - 1] ?? 0, end.retryAfterMs, context.random);
    if (clock.now() + waitMs >= deadlineAt) return failed;
    try {
      await clock.sleep(waitMs, cancel);
    } catch {
      return { kind: 'cancelled', mayHaveHappened };
    }
  }
}

function endOfOther({ outcome, message }: RequestFailed, mayHaveHappened: boolean): StepEnd {
  if (outcome === 'cancelled_at_end') return { kind: 'cancelled', mayHaveHappened };
  return { kind: 'failed', outcome, detail: message, mayHaveHappened };
}

function backoffBefore(meanMs: number, retryAfterMs: number, random: Random): number {
  const planned = meanMs * random.between(1 - jitter, 1 + jitter);
  // Jitter on top of Retry-After, so that users do not return together. The deadline bounds it.
  return Math.max(planned, retryAfterMs * random.between(1, 1 + jitter));
}

async function runAttempt(
  request: Request,
  attempt: Attempt,
  context: StepContext & { deadlineAt: number; bytes: number },
): Promise<AttemptEnd> {
  const { dispatcher, clock, cancel, errors, blockedMsSince } = context.transport;
  const startedAt = clock.now();
  const exchanged = await exchange(dispatcher, requestOfAttempt(request, attempt, context.clientId), {
    deadlineAt: context.deadlineAt,
    headersTimeoutMs: headersTimeoutMs + context.bytes / minBytesPerMs,
    bodyTimeoutMs,
    cancel,
    now: clock.now,
  });
  const endedAt = clock.now();
  const judged = endOf(exchanged, request, attempt, errors, endedAt - startedAt);
  const end = orOwnDelay(judged, () => blockedMsSince(startedAt));
  const { bytesSent, bytesReceived } = exchanged;
  context.attemptEnded({
    attemptId: attempt.id,
    request: request.name ?? `${request.method} ${request.path}`,
    ...outcomeOf(end),
    startedAt,
    endedAt,
    bytesSent,
    bytesReceived,
  });
  return end;
}

/** Attributes a timeout to the workload if its code blocked the thread in the meantime. */
function orOwnDelay(end: AttemptEnd, blockedMs: () => number): AttemptEnd {
  if (end.kind !== 'failed' || !outcomesOfDelay.has(end.failure.outcome)) return end;
  const ms = blockedMs();
  if (ms === 0) return end;
  const seconds = (ms / 1_000).toFixed(1);
  return {
    kind: 'workload',
    error: new Error(
      `a request ended as ${end.failure.outcome} while the workload's code blocked its thread for ${seconds} s; do less work between two awaits`,
    ),
  };
}

function endOf(
  end: ExchangeEnd,
  request: Request,
  attempt: Attempt,
  errors: ErrorFormat | undefined,
  durationMs: number,
): AttemptEnd {
  if (end.kind === 'workload') {
    // A reader may check what it reads.
    if (!(end.error instanceof CheckFailed)) return end;
    return { kind: 'failed', failure: end.error.failure, retryAfterMs: 0, wasSent: true };
  }
  if (end.kind !== 'answered')
    return { kind: 'failed', failure: failureOfExchange(end), retryAfterMs: 0, wasSent: end.bytesSent > 0 };
  const response = responseOf(end.response, durationMs);
  try {
    const failure = failureOfStatus(end.response, request.status, errors) ?? failureOfCheck(request, response, attempt);
    if (failure === null) return { kind: 'ok', response };
    return { kind: 'failed', failure, retryAfterMs: retryAfterMsOf(end.response), wasSent: true };
  } catch (error) {
    return { kind: 'workload', error };
  }
}

function failureOfCheck(request: Request, response: Response, attempt: Attempt): Failure | null {
  try {
    const failure = request.check?.(response, attempt) ?? null;
    if (failure === null) return null;
    if (typeof failure === 'object' && typeof failure.outcome === 'string' && typeof failure.detail === 'string')
      return failure;
    throw new TypeError(`check returned ${JSON.stringify(failure)}; return corrupt(...), stale(...) or nothing`);
  } catch (error) {
    if (error instanceof CheckFailed) return error.failure;
    throw error;
  }
}

function outcomeOf(end: AttemptEnd): { outcome: Outcome; detail: string } {
  if (end.kind === 'ok') return { outcome: 'ok', detail: '' };
  // Neutral: it is not evidence about the system.
  if (end.kind === 'workload') return { outcome: 'not_started', detail: 'the workload failed' };
  const { outcome, detail } = end.failure;
  return { outcome, detail };
}

/** Why a write or deletion has no acknowledgement, for the ledger. */
export function reasonOf(end: Exclude<StepEnd, { kind: 'ok' }>): string {
  if (end.kind === 'cancelled') return 'the run ended';
  if (end.kind === 'workload') return 'the workload failed';
  return `${end.outcome}: ${end.detail}`.slice(0, 200);
}

/** The request with the headers of one attempt. */
export function requestOfAttempt(request: Request, { id, key }: Attempt, clientId: string): Request {
  const { keyHeader = 'idempotency-key' } = request;
  const keyed = key !== '' && keyHeader !== null ? { [keyHeader]: key } : {};
  return { ...request, headers: { ...keyed, ...request.headers, 'x-client-id': clientId, 'x-request-id': id } };
}

/** The response as the workload sees it. */
export function responseOf(response: HttpResponse, durationMs: number): Response {
  const json = (): unknown => {
    try {
      return JSON.parse(response.text);
    } catch {
      throw new CheckFailed(corrupt(`not JSON: ${response.text.slice(0, 120)}`));
    }
  };
  return { ...response, durationMs, json };
}
