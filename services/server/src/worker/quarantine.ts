/**
 * Refuses documents that repeatedly killed their worker, by hash, for 10 minutes after the last
 * death. Remembers a limited number of documents.
 */
import type { Clock } from '@encore/kit';
import { EncoreError } from '@encore/kit/encore-error';

/** One or two deaths may have another cause, such as a limit that a fault lowered. */
const maxDeaths = 3;
/** So one document costs at most three workers in this time. */
const quarantineMs = 10 * 60_000;
/** Some 100 KB of hashes. */
const maxRemembered = 1_000;

export class Quarantine {
  readonly #clock: Clock;
  readonly #deaths = new Map<string, { count: number; lastAtMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return [...this.#deaths.values()].filter(({ count }) => count >= maxDeaths).length;
  }

  /** Throws QUARANTINED if the document is in quarantine. */
  check(sha256: string): void {
    const entry = this.#deaths.get(sha256);
    if (!entry) return;
    if (this.#clock.now() - entry.lastAtMs > quarantineMs) {
      this.#deaths.delete(sha256);
    } else if (entry.count >= maxDeaths) {
      throw new EncoreError(
        'QUARANTINED',
        'this document repeatedly crashed or stalled its worker; try again in 10 minutes',
      );
    }
  }

  recordDeath(sha256: string): void {
    const count = (this.#deaths.get(sha256)?.count ?? 0) + 1;
    this.#deaths.delete(sha256);
    this.#deaths.set(sha256, { count, lastAtMs: this.#clock.now() });
    if (this.#deaths.size > maxRemembered) {
      const [oldest] = this.#deaths.keys();
      if (oldest !== undefined) this.#deaths.delete(oldest);
    }
  }
}
