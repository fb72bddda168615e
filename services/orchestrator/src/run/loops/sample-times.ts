/**
 * Decides when to read back a random sample of the users' objects during the run: in fault-free
 * windows, so that a loss belongs to an earlier fault and not to an active one, and seldom, to add
 * little load.
 */

/** Required time with a ready server and no active fault. */
const calmMs = 3_000;
/** Required time before the next fault; longer than a sample takes. */
const headroomMs = 5_000;
/** Minimum time between samples. */
const everyMs = 30_000;

export interface SampleInputs {
  now: number;
  isReady: boolean;
  activeFaults: number;
  /** When the plan's next fault is due; Infinity if there is none. */
  nextFaultAt: number;
}

export class SampleTimes {
  #calmSince: number | null = null;
  #sampledAt = Number.NEGATIVE_INFINITY;

  /** Call about once a second during steady. True means: sample now; the interval restarts. */
  isDue({ now, isReady, activeFaults, nextFaultAt }: SampleInputs): boolean {
    if (!isReady || activeFaults > 0) this.#calmSince = null;
    else this.#calmSince ??= now;
    if (this.#calmSince === null || now - this.#calmSince < calmMs) return false;
    if (nextFaultAt - now < headroomMs || now - this.#sampledAt < everyMs) return false;
    this.#sampledAt = now;
    return true;
  }
}
