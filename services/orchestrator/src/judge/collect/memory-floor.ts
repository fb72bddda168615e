/**
 * Detects a memory leak from the memory in use after full garbage collections. Buffers of requests
 * in progress are excluded by taking the minimum of each 45 s. The result is the lower bound of the
 * slope's 95 % confidence interval, so that noise or a few samples do not look like a leak.
 */
import { withoutNumber } from '@encore/kit';
import type { Observation } from '../events/time-order.ts';
import { fitSlope } from './memory-slope.ts';
import { warmUpMs } from './resources.ts';
import type { IsFaultFree } from './run-facts.ts';

const slotMs = 45_000;
const minFloors = 6;
const maxFloors = 50_000;

interface Floor {
  slot: number;
  bytes: number;
}

export class MemoryFloor {
  /** The container whose memory is judged. */
  readonly #container: string;
  readonly #isFaultFree: IsFaultFree;
  #startedAt: number | null = null;
  /** One list per lifetime of the server process. */
  readonly #lives: Floor[][] = [];
  #count = 0;

  constructor(container: string, isFaultFree: IsFaultFree) {
    this.#container = container;
    this.#isFaultFree = isFaultFree;
  }

  add(event: Observation): void {
    if (event.type === 'garbage_collected' && this.#isFaultFree(event.at, event.at))
      this.#collected(event.at, event.bytes);
    if (event.type === 'target_started' && withoutNumber(event.target) === this.#container) this.#started(event.at);
  }

  /** Lower confidence bound of the slope; null with too little data. */
  get slopeLowerBoundBytesPerHour(): number | null {
    const lives = this.#lives.filter(({ length }) => length > 1);
    const count = lives.flat().length;
    const freedom = count - lives.length - 1;
    if (count < minFloors || freedom < 1) return null;
    const { slope, spread, residual } = fitSlope(
      lives.map((floors) => {
        const first = floors[0]?.slot ?? 0;
        return floors.map(({ slot, bytes }) => ({ hours: ((slot - first) * slotMs) / 3_600_000, bytes }));
      }),
    );
    return slope - studentT(freedom) * Math.sqrt(residual / freedom / spread);
  }

  #started(at: number): void {
    this.#startedAt = at;
    if (this.#lives.at(-1)?.length !== 0) this.#lives.push([]);
  }

  #collected(at: number, bytes: number): void {
    // A server that was already running started no later than its first observation.
    if (this.#startedAt === null) this.#started(at);
    if (at - (this.#startedAt ?? at) < warmUpMs) return;
    const floors = this.#lives.at(-1) ?? [];
    const slot = Math.floor(at / slotMs);
    const last = floors.at(-1);
    if (last?.slot === slot) last.bytes = Math.min(last.bytes, bytes);
    else if (this.#count < maxFloors) {
      floors.push({ slot, bytes });
      this.#count += 1;
    }
  }
}

/** Two-sided 95 % quantile of Student's t, accurate to 2 % for four or more degrees of freedom. */
function studentT(freedom: number): number {
  return 1.96 + 2.372 / freedom + 2.82 / freedom ** 2;
}
