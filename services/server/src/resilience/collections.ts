/**
 * What is in use right after V8 has collected everything that it can: the floor under the garbage. A leak of a megabyte a minute shows in
 * it within minutes; from outside, it is lost in what the process takes and gives back. Costs a look per full collection.
 */
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';

export class Collections implements Disposable {
  /** Full collections so far. */
  count = 0;
  /** On the heap and in buffers after the last of them; null before the first. */
  bytesAfter: number | null = null;
  readonly #observer: PerformanceObserver;

  constructor() {
    this.#observer = new PerformanceObserver((list) => {
      const full = list.getEntries().filter(isFull);
      if (full.length === 0) return;
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      this.count += full.length;
      this.bytesAfter = heapUsed + arrayBuffers;
    });
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  [Symbol.dispose](): void {
    this.#observer.disconnect();
  }
}

function isFull(entry: PerformanceEntry & { detail?: { kind?: number } }): boolean {
  return entry.detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}
