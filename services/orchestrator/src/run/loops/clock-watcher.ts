/** Detects time that nobody observed: the machine slept, or this process stalled. */
import type { EventOf } from '@encore/contracts';

const limitMs = 3_000;

export class ClockWatcher {
  readonly #everyMs: number;
  #last: { at: number; wallMs: number } | null = null;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** Call every `everyMs`, with the run's clock and the wall clock. */
  tick(at: number, wallMs: number): EventOf<'gap'> | null {
    const last = this.#last;
    this.#last = { at, wallMs };
    if (last === null) return null;
    const stalledMs = at - last.at - this.#everyMs;
    const jumpedMs = wallMs - last.wallMs - (at - last.at);
    // The run's clock does not count sleep, so the gap starts at the last tick before it.
    if (Math.abs(jumpedMs) > limitMs) {
      const reason = `the wall clock jumped by ${(jumpedMs / 1_000).toFixed(1)} s: did the machine sleep?`;
      return { type: 'gap', at, fromAt: last.at, toAt: last.at + Math.abs(jumpedMs), reason };
    }
    if (stalledMs > limitMs) {
      const reason = `the orchestrator stalled for ${(stalledMs / 1_000).toFixed(1)} s`;
      return { type: 'gap', at, fromAt: last.at, toAt: at, reason };
    }
    return null;
  }
}
