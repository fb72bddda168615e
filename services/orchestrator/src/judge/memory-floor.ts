/**
 * Does the server hold more and more? After a full collection only what is held is left, and buffers of requests under way; the least of
 * each 45 s is without those. A common line goes through the floors of all lives between restarts, as in Resources, and what counts
 * is the lower end of its 95 % interval: a rise by chance, or one of a few samples, proves nothing.
 */
import { warmUpMs } from './resources.ts';

const slotMs = 45_000;
const leastFloors = 6;
const maxFloors = 50_000;

interface Floor {
  slot: number;
  bytes: number;
}

export class MemoryFloor {
  #startedAt: number | null = null;
  /** One list for each life. */
  readonly #lives: Floor[][] = [];
  #count = 0;

  started(at: number): void {
    this.#startedAt = at;
    if (this.#lives.at(-1)?.length !== 0) this.#lives.push([]);
  }

  /** What was held after a collection in a control window, in the order of time. */
  add(at: number, bytes: number): void {
    // A server that ran before anybody looked was started then at the latest.
    if (this.#startedAt === null) this.started(at);
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

  /** Null with too little to see. */
  get leastSlopeBytesPerHour(): number | null {
    const lives = this.#lives.filter(({ length }) => length > 1).map(aroundMean);
    const all = lives.flat();
    const freedom = all.length - lives.length - 1;
    if (all.length < leastFloors || freedom < 1) return null;
    const spread = sum(all.map(({ hours }) => hours ** 2));
    const slope = sum(all.map(({ hours, bytes }) => hours * bytes)) / spread;
    const residual = sum(all.map(({ hours, bytes }) => (bytes - slope * hours) ** 2));
    return slope - studentT(freedom) * Math.sqrt(residual / freedom / spread);
  }
}

function aroundMean(floors: readonly Floor[]): { hours: number; bytes: number }[] {
  const slot = sum(floors.map((floor) => floor.slot)) / floors.length;
  const bytes = sum(floors.map((floor) => floor.bytes)) / floors.length;
  return floors.map((floor) => ({ hours: ((floor.slot - slot) * slotMs) / 3_600_000, bytes: floor.bytes - bytes }));
}

/** For 95 %, both sides; within 2 % from four degrees of freedom on. */
function studentT(freedom: number): number {
  return 1.96 + 2.372 / freedom + 2.82 / freedom ** 2;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
