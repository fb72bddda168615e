/** Memory of each container over the run, one value per 5 s, in arrays allocated at the start. */
import type { Collector } from '../events/collector.ts';
import { type Observation, timeOf } from '../events/time-order.ts';

/** The injector's sampling interval. */
const slotSeconds = 5;
const maxContainers = 16;
const maxSlots = (15 * 86_400) / slotSeconds;

/** Highest use and lowest limit of each slot, in bytes; 0 without a sample. */
interface Trace {
  peaks: Float64Array;
  limits: Float64Array;
}

export class MemoryTrace implements Collector {
  readonly #containers = new Map<string, Trace>();
  readonly #plannedSlots: number;
  #firstSlot: number | null = null;

  constructor(plannedSeconds: number) {
    this.#plannedSlots = Math.min(maxSlots, Math.ceil(plannedSeconds / slotSeconds));
  }

  get containers(): string[] {
    return [...this.#containers.keys()];
  }

  add(event: Observation): void {
    if (event.type !== 'target_sampled') return;
    const slot = Math.floor(timeOf(event) / 1_000 / slotSeconds);
    this.#firstSlot ??= slot;
    const row = slot - this.#firstSlot;
    if (row < 0 || row >= maxSlots) return;
    const trace = this.#traceFor(event.target, row);
    if (trace === null) return;
    trace.peaks[row] = Math.max(trace.peaks[row] ?? 0, event.memoryBytes);
    const before = trace.limits[row] || Number.POSITIVE_INFINITY;
    if (event.memoryLimitBytes > 0) trace.limits[row] = Math.min(before, event.memoryLimitBytes);
  }

  /** The highest use in bytes between two times in epoch seconds; null without a sample. */
  peakWithin(container: string, fromSecond: number, toSecond: number): number | null {
    return this.#extreme(this.#containers.get(container)?.peaks, fromSecond, toSecond, Math.max);
  }

  /** The lowest limit in bytes between two times in epoch seconds; null without a sample. */
  limitWithin(container: string, fromSecond: number, toSecond: number): number | null {
    return this.#extreme(this.#containers.get(container)?.limits, fromSecond, toSecond, Math.min);
  }

  /** The container's trace, grown to hold the row; null if there are too many containers. */
  #traceFor(container: string, row: number): Trace | null {
    const known = this.#containers.get(container);
    if (known !== undefined && row < known.peaks.length) return known;
    if (known === undefined && this.#containers.size >= maxContainers) return null;
    const wider = (old: Float64Array | undefined): Float64Array => {
      const made = new Float64Array(Math.max(this.#plannedSlots, (row + 1) * 2));
      made.set(old ?? []);
      return made;
    };
    const trace = { peaks: wider(known?.peaks), limits: wider(known?.limits) };
    this.#containers.set(container, trace);
    return trace;
  }

  #extreme(
    figures: Float64Array | undefined,
    fromSecond: number,
    toSecond: number,
    extreme: (a: number, b: number) => number,
  ): number | null {
    if (figures === undefined || this.#firstSlot === null) return null;
    let found: number | null = null;
    for (let slot = Math.floor(fromSecond / slotSeconds); slot * slotSeconds < toSecond; slot += 1) {
      const figure = figureAt(figures, slot - this.#firstSlot);
      if (figure !== 0) found = found === null ? figure : extreme(found, figure);
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
