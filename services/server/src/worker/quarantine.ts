/** Documents that killed their worker again and again, by hash. They are refused for a while; a bounded number is remembered. */
import type { Clock } from '@encore/kit';
import { EncoreError } from '@encore/kit/encore-error';

const strikes = 3;
const quarantineMs = 10 * 60_000;
const maxRemembered = 1_000;

export class Quarantine {
  readonly #clock: Clock;
  readonly #blamed = new Map<string, { count: number; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return [...this.#blamed.values()].filter(({ count }) => count >= strikes).length;
  }

  /** Throws when the document is in quarantine. */
  check(sha256: string): void {
    const entry = this.#blamed.get(sha256);
    if (!entry) return;
    if (this.#clock.now() - entry.at > quarantineMs) {
      this.#blamed.delete(sha256);
    } else if (entry.count >= strikes) {
      throw new EncoreError('QUARANTINED', 'this document could not be read several times and is refused for a while', {
        status: 422,
        definite: true,
      });
    }
  }

  blame(sha256: string): void {
    const count = (this.#blamed.get(sha256)?.count ?? 0) + 1;
    this.#blamed.delete(sha256);
    this.#blamed.set(sha256, { count, at: this.#clock.now() });
    if (this.#blamed.size > maxRemembered) {
      const [oldest] = this.#blamed.keys();
      if (oldest !== undefined) this.#blamed.delete(oldest);
    }
  }
}
