/**
 * Calls that the service cannot finish in time, one after the other, until an open circuit breaker
 * rejects one. Calls that fail for another reason do not end it.
 */
import { type Clock, EncoreError } from '@encore/kit';
import type { DataRequest, ErrorFormat, StallCall } from '@encore/workload';
import type { Pool } from 'undici';
import { errorCodeOf, failureOfExchange } from '../http/classify-outcome.ts';
import { type ExchangeEnd, exchange } from '../http/exchange.ts';

/** Longer than any call may take, and than a slow proxy. */
const callMs = 60_000;
const absent = 404;

export interface StalledService {
  pool: Pool;
  errors: ErrorFormat | undefined;
  clock: Clock;
}

/** Owns the pool of its service. */
export class Stall {
  readonly ends: string[] = [];
  isOver = false;
  /** Removes what the calls stored. */
  readonly cleanUp: readonly DataRequest[];
  readonly #service: StalledService;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  constructor(calls: readonly StallCall[], service: StalledService) {
    this.#service = service;
    this.cleanUp = calls.flatMap((call) => call.cleanUp);
    this.#ended = this.#run(calls).finally(() => {
      this.isOver = true;
      return service.pool.destroy();
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('the stall was stopped'));
    await this.#ended;
  }

  async #run(calls: readonly StallCall[]): Promise<void> {
    const { signal } = this.#stop;
    for (const call of calls) {
      const { end, isRejected } = await endOf(call, this.#service, signal);
      this.ends.push(end);
      if (signal.aborted || isRejected) return;
    }
  }
}

/** Performs a call; returns `ok`, the service's error code, or what went wrong instead. */
export async function endOf(
  { prepare, request }: StallCall,
  service: StalledService,
  signal: AbortSignal,
): Promise<{ end: string; isRejected: boolean }> {
  for (const one of prepare) {
    const problem = problemOf(await send(one, service, signal), service);
    if (problem !== null) return { end: `${one.method} ${one.path}: ${problem}`, isRejected: false };
  }
  const end = problemOf(await send(request, service, signal), service) ?? 'ok';
  return { end, isRejected: service.errors?.outcomes?.[end] === 'breaker_open' };
}

/** Throws unless everything is removed. */
export async function cleanUp(requests: readonly DataRequest[], service: StalledService): Promise<void> {
  const signal = new AbortController().signal;
  for (const request of requests) {
    const end = await send(request, service, signal);
    const problem = end.kind === 'answered' && end.response.status === absent ? null : problemOf(end, service);
    if (problem === null) continue;
    const what = `${request.method} ${request.path}: ${problem}`;
    throw new EncoreError('NOT_REMOVED', `an object that the stall stored could not be removed: ${what}`);
  }
}

function send(request: DataRequest, { pool, clock }: StalledService, cancel: AbortSignal): Promise<ExchangeEnd> {
  return exchange(pool, request, { deadlineAt: clock.now() + callMs, cancel, now: clock.now });
}

/** Null for a correct response. An error may come with any status, even with 200. */
function problemOf(end: ExchangeEnd, { errors }: StalledService): string | null {
  if (end.kind === 'workload') return String(end.error);
  if (end.kind !== 'answered') {
    const { outcome, detail } = failureOfExchange(end);
    return `${outcome}: ${detail}`.slice(0, 100);
  }
  const code = errorCodeOf(end.response, errors);
  if (code !== '') return code;
  return end.response.status >= 400 ? `HTTP ${end.response.status}` : null;
}
