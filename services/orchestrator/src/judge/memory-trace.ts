/** Memory of each container over the run, one figure per 5 s, in room that is taken at the start: a day needs no more than an hour. */
import type { EventOf } from '@encore/contracts';
import { timeOf } from './time-order.ts';

/** As often as the injector samples. */
const slotSeconds = 5;
const maxContainers = 16;
const maxSlots = (15 * 86_400) / slotSeconds;

/** Of each slot the highest use and the lowest limit; 0 where there was no sample. */
interface Trace {
  peaks: Float64Array;
  limits: Float64Array;
}

export class MemoryTrace {
  readonly #containers = new Map<string, Trace>();
  readonly #plannedSlots: number;
  #firstSlot: number | null = null;

  constructor(plannedSeconds: number) {
    this.#plannedSlots = Math.min(maxSlots, Math.ceil(plannedSeconds / slotSeconds));
  }

  get containers(): string[] {
    return [...this.#containers.keys()];
  }

  add(event: EventOf<'target_sampled'>): void {
    const slot = Math.floor(timeOf(event) / 1_000 / slotSeconds);
    this.#firstSlot ??= slot;
    const row = slot - this.#firstSlot;
    if (row < 0 || row >= maxSlots) return;
    const trace = this.#room(event.target, row);
    if (trace === null) return;
    trace.peaks[row] = Math.max(trace.peaks[row] ?? 0, event.memoryBytes);
    const before = trace.limits[row] || Number.POSITIVE_INFINITY;
    if (event.memoryLimitBytes > 0) trace.limits[row] = Math.min(before, event.memoryLimitBytes);
  }

  /** The highest use between two times in epoch seconds, null where nothing was sampled. */
  peakWithin(container: string, fromSecond: number, toSecond: number): number | null {
    return this.#extreme(this.#containers.get(container)?.peaks, fromSecond, toSecond, Math.max);
  }

  /** The lowest limit that held between them. */
  limitWithin(container: string, fromSecond: number, toSecond: number): number | null {
    return this.#extreme(this.#containers.get(container)?.limits, fromSecond, toSecond, Math.min);
  }

  #room(container: string, row: number): Trace | null {
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

/** Samples come every 5 s and a little: a single slot between two of them was not missed, it has the one before. */
function figureAt(figures: Float64Array, row: number): number {
  const here = figures[row] ?? 0;
  return here === 0 && (figures[row + 1] ?? 0) !== 0 ? (figures[row - 1] ?? 0) : here;
}
