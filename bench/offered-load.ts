/**
 * Open-loop load: requests start when they are due, whether or not earlier ones have been answered.
 * A time runs from the call to the end of the response, so it includes the generator's own share,
 * which is measured too: how late its event loop was, and how many requests waited for a
 * connection.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock } from '../packages/kit/src/index.ts';
import { Pool } from '../services/loadgen/src/testing/reference-clients.ts';

const connections = 500;
const goodWithinMs = 1_000;
/** After this long a user gives up. */
export const patienceMs = 3_000;
const users = 1_000;
const tickMs = 5;

export interface LoadRequest {
  method: 'GET' | 'POST' | 'PUT';
  path: string;
  headers?: Record<string, string>;
  body?: string;
  right: (status: number, text: string) => boolean;
}

/** Returns the next user's request, by number. */
export type NextRequest = (number: number) => LoadRequest;

export class Measured {
  readonly seconds: number;
  good = 0;
  offered = 0;
  /**
   * Neither correct nor a proper rejection: late, truncated, aborted, or a rejection without
   * Retry-After.
   */
  other = 0;
  /**
   * Admitted, then rejected when their turn did not come: a proper rejection, but no better than no
   * response.
   */
  refusedLate = 0;
  /** Waited for a connection before they could be sent. */
  heldBack = 0;
  inFlight = 0;
  generatorLateMs = 0;
  readonly goodMs: number[] = [];
  readonly shedMs: number[] = [];

  constructor(seconds: number) {
    this.seconds = seconds;
  }

  get goodput(): number {
    return this.good / this.seconds;
  }

  toString(): string {
    const { offered, good, other, refusedLate, shedMs, goodMs, heldBack, generatorLateMs } = this;
    const shares = [good, shedMs.length, refusedLate, other].map(
      (count) => `${((100 * count) / offered).toFixed(1)} %`,
    );
    const [right, shed] = [goodMs, shedMs].map((times) => percentile(times, 0.99).toFixed(0));
    return [
      `right ${shares[0]}, refused ${shares[1]}, refused late ${shares[2]}, other ${shares[3]}`,
      `p99 right ${right} ms, refused ${shed} ms`,
      `the generator: p99 ${generatorLateMs.toFixed(0)} ms late, ${heldBack} held back`,
    ].join('; ');
  }
}

export class OfferedLoad implements AsyncDisposable {
  readonly #pool: Pool;
  readonly #next: NextRequest;
  #count = 0;

  constructor(url: string, next: NextRequest) {
    this.#pool = new Pool(url, { connections, pipelining: 1 });
    this.#next = next;
  }

  /** Sends `perSecond` requests per second for `seconds`, then waits for the last response. */
  async offer(perSecond: number, seconds: number): Promise<Measured> {
    const measured = new Measured(seconds);
    const late = monitorEventLoopDelay({ resolution: tickMs });
    late.enable();
    const open: Promise<void>[] = [];
    const startedAt = performance.now();
    for (let elapsedMs = 0; elapsedMs < seconds * 1_000; elapsedMs = performance.now() - startedAt) {
      const due = Math.floor((elapsedMs * perSecond) / 1_000);
      for (; measured.offered < due; measured.offered += 1) open.push(this.#ask(measured));
      await systemClock.sleep(tickMs);
    }
    await Promise.all(open);
    late.disable();
    measured.generatorLateMs = late.percentile(99) / 1e6;
    return measured;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool.destroy();
  }

  async #ask(measured: Measured): Promise<void> {
    this.#count += 1;
    const { right, headers, ...request } = this.#next(this.#count);
    if (measured.inFlight >= connections) measured.heldBack += 1;
    measured.inFlight += 1;
    const startedAt = performance.now();
    try {
      const answer = await this.#pool.request({
        ...request,
        headers: { ...headers, 'x-client-id': `user-${this.#count % users}` },
        signal: AbortSignal.timeout(patienceMs),
      });
      const text = await answer.body.text();
      const tookMs = performance.now() - startedAt;
      const refused = answer.statusCode === 503 || answer.statusCode === 429;
      if (refused && answer.headers['retry-after'] !== undefined) measured.shedMs.push(tookMs);
      else if (/"error":\{"code":"(OVERLOADED|RATE_LIMITED)"/.test(text)) measured.refusedLate += 1;
      else if (right(answer.statusCode, text) && tookMs <= goodWithinMs) {
        measured.good += 1;
        measured.goodMs.push(tookMs);
      } else measured.other += 1;
    } catch {
      measured.other += 1;
    } finally {
      measured.inFlight -= 1;
    }
  }
}

export function percentile(times: readonly number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? Number.NaN;
}
