/** Notices time that nobody observed: a machine that slept (wall and monotonic clock drift apart) or a process that stood still. */
import type { EventOf } from '@encore/contracts';

const limitMs = 3_000;

export class ClockWatch {
  readonly #everyMs: number;
  #last: { at: number; wallMs: number } | null = null;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** To be called every `everyMs`, with the run's own clock and the wall clock. */
  tick(at: number, wallMs: number): EventOf<'gap'> | null {
    const last = this.#last;
    this.#last = { at, wallMs };
    if (last === null) return null;
    const stoodMs = at - last.at - this.#everyMs;
    const jumpedMs = wallMs - last.wallMs - (at - last.at);
    // The run's clock does not count sleep, so the lost time is laid behind the moment of waking.
    if (Math.abs(jumpedMs) > limitMs) {
      const reason = `the wall clock jumped by ${(jumpedMs / 1_000).toFixed(1)} s: did the machine sleep?`;
      return { type: 'gap', at, fromAt: last.at, toAt: last.at + Math.abs(jumpedMs), reason };
    }
    if (stoodMs > limitMs) {
      const reason = `the orchestrator stood still for ${(stoodMs / 1_000).toFixed(1)} s`;
      return { type: 'gap', at, fromAt: last.at, toAt: at, reason };
    }
    return null;
  }
}
