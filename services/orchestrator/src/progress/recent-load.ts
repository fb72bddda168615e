/** Recent load: figures of the last ten seconds, and the trend of the last three minutes. */
import type { EventOf } from '@encore/contracts';
import { attemptsOf, operationsOf, share } from '../figures.ts';

interface Second {
  at: number;
  ok: number;
  operations: number;
  attempts: number;
  response: { p50: number; p99: number } | null;
  memoryShare: number | null;
}

const recentSeconds = 10;
const trendSeconds = 180;

export class RecentLoad {
  readonly #seconds: Second[] = [];

  /** `memoryShare`: the server's memory as a share of its limit at that time. */
  add(event: EventOf<'load_second'>, memoryShare: number | null): void {
    const { ok, failed, unknown } = operationsOf(event);
    const attempts = attemptsOf(event);
    this.#seconds.push({
      at: event.at,
      ok,
      operations: ok + failed + unknown,
      attempts: attempts.ok + attempts.failed,
      response: event.responseMs,
      memoryShare,
    });
    if (this.#seconds.length > trendSeconds) this.#seconds.shift();
  }

  /** End of the last recorded second; null before the first. */
  get seenAt(): number | null {
    return this.#seconds.at(-1)?.at ?? null;
  }

  /** One value per second, oldest first; null if nothing was measured. */
  get trend() {
    return {
      requestsPerSecond: this.#seconds.map(({ attempts }) => attempts),
      successRate: this.#seconds.map(({ ok, operations }) => share(ok, operations)),
      p99Ms: this.#seconds.map(({ response }) => response?.p99 ?? null),
      memoryShare: this.#seconds.map((second) => second.memoryShare),
    };
  }

  figures(now: number) {
    const recent = this.#seconds.slice(-recentSeconds).filter(({ at }) => at > now - recentSeconds * 1_000 - 2_000);
    const sum = (of: 'ok' | 'operations' | 'attempts'): number =>
      recent.reduce((total, second) => total + second[of], 0);
    const timed = recent.flatMap(({ response }) => response ?? []);
    return {
      successRate: share(sum('ok'), sum('operations')),
      requestsPerSecond: share(sum('attempts'), recent.length) ?? 0,
      p50Ms: timed.at(-1)?.p50 ?? null,
      p99Ms: timed.length === 0 ? null : Math.max(...timed.map(({ p99 }) => p99)),
    };
  }
}
