/** Summarizes failed probes of fault-free windows: explains a broken `availability_fault_free`. */

import type { Outcome } from '@encore/contracts';
import { pluralize } from '@encore/kit';
import { list, timeOfDayText } from '../../text.ts';
import type { Span } from '../events/span.ts';

/** Failures at most this far apart form one span. */
const maxGapSeconds = 5;
/** The note lists the worst spans, up to this share of all failures and this number of spans. */
const coveredShare = 0.9;
const maxSpans = 3;

type Burst = Span & { count: number };

export class FaultFreeFailures {
  readonly #outcomes = new Map<Outcome, number>();
  /** Counts by the second in which the probe was due, to bound the memory. */
  readonly #seconds = new Map<number, number>();
  #count = 0;

  add(dueAt: number, outcome: Outcome): void {
    this.#count += 1;
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
    const second = Math.floor(dueAt / 1_000);
    this.#seconds.set(second, (this.#seconds.get(second) ?? 0) + 1);
  }

  /**
   * For example `223 of 2,416 probes in fault-free windows failed: 222 deadline, 1 shed; from
   * 04:04:22 to 04:04:44 UTC`; undefined without a failure.
   */
  note(probes: number): string | undefined {
    if (this.#count === 0) return undefined;
    const outcomes = [...this.#outcomes]
      .sort(([, a], [, b]) => b - a)
      .map(([outcome, count]) => `${count.toLocaleString('en-US')} ${outcome}`);
    return `${this.#count.toLocaleString('en-US')} of ${pluralize(probes, 'probe')} in fault-free windows failed: ${list(outcomes)}; ${this.#when()}`;
  }

  #when(): string {
    const listed: Burst[] = [];
    let count = 0;
    for (const burst of this.#bursts().sort((a, b) => b.count - a.count)) {
      if (listed.length === maxSpans || count >= coveredShare * this.#count) break;
      listed.push(burst);
      count += burst.count;
    }
    const spans = listed
      .sort((a, b) => a.fromAt - b.fromAt)
      .map(({ fromAt, toAt }) => `from ${timeOfDayText(fromAt)} to ${timeOfDayText(toAt)}`);
    return `${count === this.#count ? '' : `${count.toLocaleString('en-US')} of them `}${spans.join(', ')} UTC`;
  }

  #bursts(): Burst[] {
    const bursts: Burst[] = [];
    for (const [second, count] of [...this.#seconds].sort(([a], [b]) => a - b)) {
      const last = bursts.at(-1);
      const [fromAt, toAt] = [second * 1_000, (second + 1) * 1_000];
      if (last === undefined || fromAt - last.toAt >= maxGapSeconds * 1_000) bursts.push({ fromAt, toAt, count });
      else {
        last.toAt = toAt;
        last.count += count;
      }
    }
    return bursts;
  }
}
