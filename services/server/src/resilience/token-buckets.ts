/**
 * One token bucket per client, for a bounded number of clients: the one that was silent for the longest time is forgotten first.
 *
 * Not rate-limiter-flexible: its memory limiter keeps every name that it hears, with a timer for each, until the name's window
 * ends, so whoever makes up names decides how much is kept; and its fixed windows let a client through twice at their edge
 * (39 calls in 0.25 s where 10 per second with bursts of 20 were meant).
 */
import type { Clock } from '@encore/kit';

interface Bucket {
  tokens: number;
  at: number;
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

  /** Takes a token; false when the client has none left. */
  take(client: string): boolean {
    const now = this.#clock.now();
    const bucket = this.#buckets.get(client) ?? { tokens: this.#burst, at: now };
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.at) / 1_000) * this.#perSecond);
    bucket.at = now;
    // Re-inserted, so that the first key of the Map is the one that was silent for the longest time.
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
