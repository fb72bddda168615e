/** Recent load: figures of the last ten seconds, and the trend of the last three minutes. */
import type { EventOf } from '@encore/contracts';
import { attemptsOf, operationsOf } from '../figures.ts';

/** One value per second, oldest first; null if nothing was measured. */
export interface Trend {
  requestsPerSecond: (number | null)[];
  successRate: (number | null)[];
  p99Ms: (number | null)[];
  memoryShare: (number | null)[];
}

/** Over the last ten seconds. */
export interface RecentFigures {
  successRate: number | null;
  requestsPerSecond: number;
  p50Ms: number | null;
  p99Ms: number | null;
}

const recentSeconds = 10;
const trendSeconds = 180;

export class RecentLoad {
  readonly #trend: Trend = { requestsPerSecond: [], successRate: [], p99Ms: [], memoryShare: [] };
  #recent: EventOf<'load_second'>[] = [];

  /** `memoryShare`: the server's memory as a share of its limit at that time. */
  add(second: EventOf<'load_second'>, memoryShare: number | null): void {
    this.#recent = [...this.#recent, second].slice(-recentSeconds);
    const { ok, all, attempts } = countsOf(second);
    push(this.#trend.requestsPerSecond, attempts);
    push(this.#trend.successRate, all === 0 ? null : ok / all);
    push(this.#trend.p99Ms, second.responseMs?.p99 ?? null);
    push(this.#trend.memoryShare, memoryShare);
  }

  /** End of the last recorded second; null before the first. */
  get seenAt(): number | null {
    return this.#recent.at(-1)?.at ?? null;
  }

  get trend(): Trend {
    return structuredClone(this.#trend);
  }

  figures(now: number): RecentFigures {
    const seconds = this.#recent.filter(({ at }) => at > now - recentSeconds * 1_000 - 2_000);
    let ok = 0;
    let all = 0;
    let attempts = 0;
    for (const second of seconds) {
      const counts = countsOf(second);
      ok += counts.ok;
      all += counts.all;
      attempts += counts.attempts;
    }
    const timed = seconds.flatMap(({ responseMs }) => (responseMs === null ? [] : [responseMs]));
    return {
      successRate: all === 0 ? null : ok / all,
      requestsPerSecond: seconds.length === 0 ? 0 : attempts / seconds.length,
      p50Ms: timed.at(-1)?.p50 ?? null,
      p99Ms: timed.length === 0 ? null : Math.max(...timed.map(({ p99 }) => p99)),
    };
  }
}

function countsOf(second: EventOf<'load_second'>): { ok: number; all: number; attempts: number } {
  const attempts = attemptsOf(second);
  const { ok, failed, unknown } = operationsOf(second);
  return { ok, all: ok + failed + unknown, attempts: attempts.ok + attempts.failed };
}

function push(values: (number | null)[], value: number | null): void {
  values.push(value);
  if (values.length > trendSeconds) values.shift();
}
