/**
 * Requests outside operations: reading back, listing, deleting, preparing. They are retried
 * until a deadline and not counted in any figure.
 */
import type { Clock } from '@encore/kit/clock';
import { EncoreError } from '@encore/kit/encore-error';
import { CheckFailed, type Http, type RequestOrBuilder, type Response } from '@encore/workload';
import type { Dispatcher } from 'undici';
import { failureOfStatus } from '../http/classify-outcome.ts';
import { type ExchangeEnd, exchange } from '../http/exchange.ts';
import { checkRequest } from './check-request.ts';
import { httpOf } from './http-of.ts';
import { requestOfAttempt, responseOf } from './step.ts';

export interface ContextHttpOptions {
  dispatcher: Dispatcher;
  clock: Clock;
  clientId: string;
  deadlineAt: number;
  signal: AbortSignal;
}

/** Requests rotate through client ids, because a server may limit the rate per client. */
const clientIds = 20;
const backoffMs = 500;
/** For an attempt whose response is read as text. */
const textTimeoutMs = 15_000;
/** For an attempt whose response has any size. */
const streamTimeoutMs = 120_000;
/** Maximum pause between two parts of a response. */
const bodyTimeoutMs = 15_000;

export function contextHttp(options: ContextHttpOptions): Http {
  let requests = 0;
  return httpOf((request) => {
    requests += 1;
    return sendUntilDeadline(request, { ...options, clientId: `${options.clientId}-${requests % clientIds}` });
  });
}

async function sendUntilDeadline(
  request: RequestOrBuilder,
  { dispatcher, clock, clientId, deadlineAt, signal }: ContextHttpOptions,
): Promise<Response> {
  const attempt = { id: clientId, key: '', mayHaveHappened: true };
  let last: ExchangeEnd | null = null;
  for (;;) {
    const built = checkRequest(typeof request === 'function' ? await request(attempt) : request);
    const timeoutMs = built.read === undefined || built.read === 'text' ? textTimeoutMs : streamTimeoutMs;
    const startedAt = clock.now();
    const end = await exchange(dispatcher, requestOfAttempt(built, attempt, clientId), {
      deadlineAt: Math.min(deadlineAt, clock.now() + timeoutMs),
      bodyTimeoutMs,
      cancel: signal,
      now: clock.now,
    });
    if (end.kind === 'workload') throw end.error;
    if (end.kind === 'answered' && failureOfStatus(end.response, built.status, undefined) === null) {
      const response = responseOf(end.response, clock.now() - startedAt);
      const failure = built.check?.(response, attempt);
      if (failure) throw new CheckFailed(failure);
      return response;
    }
    signal.throwIfAborted();
    // The deadline cuts the last attempt short, so an earlier one may show more.
    if (last === null || end.kind !== 'deadline') last = end;
    if (clock.now() + backoffMs >= deadlineAt)
      throw new EncoreError(
        'NO_ANSWER',
        `${built.method} ${built.path}: no usable response before the deadline; last: ${describe(last)}`,
      );
    await clock.sleep(backoffMs, signal);
  }
}

function describe(end: ExchangeEnd): string {
  if (end.kind === 'answered') return `status ${end.response.status}`;
  if (end.kind === 'deadline') return 'no response in time';
  return end.kind === 'error' ? end.code : end.kind;
}
