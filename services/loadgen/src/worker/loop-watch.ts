/**
 * Detects that the thread's code blocked the event loop. A request that times out in the meantime,
 * or whose connection ends, is not evidence about the system.
 *
 *   tick ── 100 ms ── tick ────── blocked: no tick ────── late tick, with CPU time used
 *
 * A thread that got no CPU on a busy machine is late, too, but used little CPU time. That delay is
 * measured as the load generator's.
 */
export interface LoopClock {
  nowMs: () => number;
  /** CPU time of the thread so far. */
  cpuMs: () => number;
}

const everyMs = 100;
/** No turn of an event loop should take this long. */
export const blockingMs = 1_000;

export class LoopWatch implements Disposable {
  readonly #clock: LoopClock;
  readonly #timer: NodeJS.Timeout;
  #tick: { at: number; cpuMs: number };
  /** The last time that the thread was blocked. */
  #blocked = { untilAt: 0, ms: 0 };

  constructor(clock: LoopClock) {
    this.#clock = clock;
    this.#tick = { at: clock.nowMs(), cpuMs: clock.cpuMs() };
    this.#timer = setInterval(() => this.#observe(), everyMs).unref();
  }

  /** Milliseconds for which the thread was blocked, if that ended after `at`; otherwise 0. */
  blockedMsSince(at: number): number {
    this.#observe();
    return this.#blocked.untilAt >= at ? this.#blocked.ms : 0;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #observe(): void {
    const { at, cpuMs } = this.#tick;
    this.#tick = { at: this.#clock.nowMs(), cpuMs: this.#clock.cpuMs() };
    const ms = this.#tick.at - at;
    const usedMs = this.#tick.cpuMs - cpuMs;
    if (ms >= blockingMs && usedMs >= blockingMs) this.#blocked = { untilAt: this.#tick.at, ms };
  }
}

/** Returns the CPU time of the calling thread. */
export function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
