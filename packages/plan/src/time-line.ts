/** Keeps spans sorted by start and finds them by binary search. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  /** Time after the span that is reserved for the recovery. */
  readonly recoveryMs: number;
}

export class TimeLine<T extends Span> {
  readonly #spans: T[] = [];
  #longestMs = 0;

  get spans(): readonly T[] {
    return this.#spans;
  }

  insert(span: T): void {
    this.#spans.splice(this.#indexAfter(span.fromMs), 0, span);
    this.#longestMs = Math.max(this.#longestMs, span.toMs - span.fromMs);
  }

  remove(span: T): void {
    const index = this.#spans.indexOf(span);
    if (index >= 0) this.#spans.splice(index, 1);
  }

  /** Returns the last span that starts at or before this one, and the first one after it. */
  neighbours(span: Span): { before: T | undefined; after: T | undefined } {
    const index = this.#indexAfter(span.fromMs);
    return { before: this.#spans[index - 1], after: this.#spans[index] };
  }

  /** Returns all spans that overlap this one. */
  overlapping(span: Span): T[] {
    const found: T[] = [];
    for (let i = this.#indexAfter(span.fromMs - this.#longestMs - 1); i < this.#spans.length; i += 1) {
      const other = this.#spans[i];
      if (other === undefined || other.fromMs > span.toMs) break;
      if (other.toMs >= span.fromMs) found.push(other);
    }
    return found;
  }

  /** Returns how much of [0, endMs] is covered by spans and their recovery. */
  occupiedMs(endMs: number): number {
    let total = 0;
    let coveredTo = 0;
    for (const { fromMs, toMs, recoveryMs } of this.#spans) {
      const from = Math.max(fromMs, coveredTo);
      const to = Math.min(toMs + recoveryMs, endMs);
      if (to > from) total += to - from;
      coveredTo = Math.max(coveredTo, to);
    }
    return total;
  }

  /** Returns the index of the first span that starts after `ms`. */
  #indexAfter(ms: number): number {
    let low = 0;
    let high = this.#spans.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#spans[middle]?.fromMs ?? 0) <= ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
