/**
 * When a random sample of the users' scores is read back before the end: in control windows, so that a loss is known to be of the faults
 * before it and not of one that is held; and rarely, so that the samples are no load of their own.
 */

/** The server was ready and no fault was held for so long. */
const calmMs = 3_000;
/** As long as a sample may take, and more. */
const roomMs = 5_000;
/** From sample to sample. */
const everyMs = 30_000;

export interface Calm {
  now: number;
  isReady: boolean;
  faultsHeld: number;
  /** When the plan's next fault is due; infinite when there is none. */
  nextFaultAt: number;
}

export class SampleTimes {
  #calmSince: number | null = null;
  #sampledAt = Number.NEGATIVE_INFINITY;

  /** To be asked about once a second of steady. True: now, and not again for a while. */
  isDue({ now, isReady, faultsHeld, nextFaultAt }: Calm): boolean {
    if (!isReady || faultsHeld > 0) this.#calmSince = null;
    else this.#calmSince ??= now;
    if (this.#calmSince === null || now - this.#calmSince < calmMs) return false;
    if (nextFaultAt - now < roomMs || now - this.#sampledAt < everyMs) return false;
    this.#sampledAt = now;
    return true;
  }
}
