/**
 * One token bucket per client, for a limited number of clients; the least recently seen is evicted.
 *
 * rate-limiter-flexible was rejected: its memory limiter keeps every client name, with a timer,
 * until the end of its window, so a client that invents names decides how much memory it takes. Its
 * fixed windows also admit twice the rate at their edge (39 calls in 0.25 s at 10/s with bursts of
 * 20).
 */
import type { Clock } from '@encore/kit';

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

export class TokenBuckets {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #maxClients: number;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: { perSecond: number; burst: number; maxClients: number; clock: Clock }) {
    this.#perSecond = options.perSecond;
    this.#burst = options.burst;
    this.#maxClients = options.maxClients;
    this.#clock = options.clock;
  }

  /** Takes a token; returns false if the client has none left. */
  take(client: string): boolean {
    const now = this.#clock.now();
    const bucket = this.#buckets.get(client) ?? { tokens: this.#burst, filledAtMs: now };
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.filledAtMs) / 1_000) * this.#perSecond);
    bucket.filledAtMs = now;
    // Re-insert, so that the first key of the Map is the least recently seen client.
    this.#buckets.delete(client);
    this.#buckets.set(client, bucket);
    if (this.#buckets.size > this.#maxClients) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  get size(): number {
    return this.#buckets.size;
  }
}
