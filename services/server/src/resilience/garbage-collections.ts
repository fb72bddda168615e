/**
 * Measures the memory in use right after each full garbage collection (the memory floor). A leak of
 * 1 MB/min shows there within minutes, while the memory of the whole process varies too much.
 */
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';

export class GarbageCollections implements Disposable {
  /** The number of full collections so far. */
  count = 0;
  /** Bytes on the heap and in buffers after the last one; null before the first. */
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
