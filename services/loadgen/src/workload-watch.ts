/**
 * Detects that the workload's thread does not respond because its code blocks or loops. Users of
 * the same thread cannot time their requests then, so that time is not evidence about the system. A
 * thread that stays silent is ended.
 *
 *   silent for   0 ──────── 2 s: where is it? ──────── 10 s: end it ──▶
 *
 * A thread that got no CPU on a busy machine is silent, too. That is not the workload's fault: its
 * late starts are reported, and it has a minute. A thread counts as blocked if it used a second of
 * CPU time without responding, which no turn of an event loop should.
 */
import { idleThreadMs } from '@encore/contracts';
import type { Clock } from '@encore/kit';
import { blockingMs } from './worker/loop-watch.ts';
import type { WorkloadFailure } from './worker/messages.ts';

export interface WatchOptions {
  clock: Clock;
  /** Asks the thread to respond. */
  ping: () => void;
  /** Finds out where the thread is; null if that is unknown. */
  locate: () => Promise<string | null>;
  /** CPU time of the thread so far in milliseconds; null if that is unknown. */
  cpuMs: () => Promise<number | null>;
  failed: (failure: WorkloadFailure) => void;
  /** Ends the thread. */
  end: () => void;
  everyMs?: number;
}

const defaultEveryMs = 250;
const silentMs = 2_000;
const endMs = 10_000;

export class WorkloadWatch implements Disposable {
  readonly #options: WatchOptions;
  readonly #timer: NodeJS.Timeout;
  /** The last response, with the CPU time of the thread. */
  #heard: { at: number; cpuMs: number };
  /** Where the thread was found, since it has been silent. */
  #location: Promise<string | null> | null = null;
  #isEnding = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#heard = { at: options.clock.now(), cpuMs: 0 };
    this.#timer = setInterval(() => this.#check(), options.everyMs ?? defaultEveryMs);
  }

  /** The thread responded to a ping. */
  heard(cpuMs: number): void {
    const before = this.#heard;
    const location = this.#location;
    this.#heard = { at: this.#options.clock.now(), cpuMs };
    this.#location = null;
    if (location === null || cpuMs - before.cpuMs < blockingMs) return;
    void this.#report(before.at, this.#heard.at, location);
  }

  #check(): void {
    const { clock, ping, locate } = this.#options;
    const silence = clock.now() - this.#heard.at;
    if (silence >= silentMs) this.#location ??= locate().catch(() => null);
    if (silence >= endMs && this.#location !== null && !this.#isEnding) void this.#endIfHung(this.#location);
    ping();
  }

  async #endIfHung(location: Promise<string | null>): Promise<void> {
    this.#isEnding = true;
    const { clock, cpuMs, end } = this.#options;
    const heard = this.#heard;
    const used = ((await cpuMs()) ?? heard.cpuMs) - heard.cpuMs;
    this.#isEnding = false;
    const now = clock.now();
    const silence = now - heard.at;
    // It responded in the meantime, or did not get the CPU.
    if (this.#heard !== heard || (used < blockingMs && silence < idleThreadMs)) return;
    this.#isEnding = true;
    this[Symbol.dispose]();
    await this.#report(heard.at, now, location, ' and was ended');
    end();
  }

  async #report(fromAt: number, toAt: number, located: Promise<string | null>, ending = ''): Promise<void> {
    const problem = `it did not respond for ${((toAt - fromAt) / 1_000).toFixed(1)} s${ending}`;
    const location = await located;
    this.#options.failed({ fromAt, toAt, where: 'thread', problem, location });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
