/** Memory of each container over the run, one value per 5 s, in arrays allocated at the start. */
import { type Observation, timeOf } from '../events/time-order.ts';

/** The injector's sampling interval. */
const slotSeconds = 5;
const maxContainers = 16;

/** Highest use and lowest limit of each slot, in bytes; 0 without a sample. */
interface Trace {
  peaks: Float64Array;
  limits: Float64Array;
}

export class MemoryTrace {
  readonly #containers = new Map<string, Trace>();
  readonly #slots: number;
  #firstSlot: number | null = null;

  constructor(maxSeconds: number) {
    this.#slots = Math.ceil(maxSeconds / slotSeconds);
  }

  get containers(): string[] {
    return [...this.#containers.keys()];
  }

  add(event: Observation): void {
    if (event.type !== 'target_sampled') return;
    const slot = Math.floor(timeOf(event) / 1_000 / slotSeconds);
    this.#firstSlot ??= slot;
    const row = slot - this.#firstSlot;
    const trace = this.#traceOf(event.target);
    if (trace === undefined || row < 0 || row >= this.#slots) return;
    trace.peaks[row] = Math.max(trace.peaks[row] ?? 0, event.memoryBytes);
    const before = trace.limits[row] || Number.POSITIVE_INFINITY;
    if (event.memoryLimitBytes > 0) trace.limits[row] = Math.min(before, event.memoryLimitBytes);
  }

  /** The highest use in bytes between two times in epoch seconds; null without a sample. */
  peakWithin(container: string, fromSecond: number, toSecond: number): number | null {
    const peaks = this.#within(this.#containers.get(container)?.peaks, fromSecond, toSecond);
    return peaks.length === 0 ? null : Math.max(...peaks);
  }

  /** The lowest limit in bytes between two times in epoch seconds; null without a sample. */
  limitWithin(container: string, fromSecond: number, toSecond: number): number | null {
    const limits = this.#within(this.#containers.get(container)?.limits, fromSecond, toSecond);
    return limits.length === 0 ? null : Math.min(...limits);
  }

  /** The container's trace; undefined if there are too many containers. */
  #traceOf(container: string): Trace | undefined {
    if (!this.#containers.has(container) && this.#containers.size < maxContainers) {
      const trace = { peaks: new Float64Array(this.#slots), limits: new Float64Array(this.#slots) };
      this.#containers.set(container, trace);
    }
    return this.#containers.get(container);
  }

  #within(figures: Float64Array | undefined, fromSecond: number, toSecond: number): number[] {
    if (figures === undefined || this.#firstSlot === null) return [];
    const found: number[] = [];
    for (let slot = Math.floor(fromSecond / slotSeconds); slot * slotSeconds < toSecond; slot += 1) {
      const figure = figureAt(figures, slot - this.#firstSlot);
      if (figure !== 0) found.push(figure);
    }
    return found;
  }
}

/**
 * Samples come slightly less often than every 5 s, so that a slot can fall between two of them: a
 * single empty slot takes the value before it.
 */
function figureAt(figures: Float64Array, row: number): number {
  const here = figures[row] ?? 0;
  return here === 0 && (figures[row + 1] ?? 0) !== 0 ? (figures[row - 1] ?? 0) : here;
}
