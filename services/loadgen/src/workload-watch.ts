/**
 * Notices that the workload's thread does not respond: its code computes or loops without end.
 * Users of the same thread cannot time their requests meanwhile, so that time is not evidence about
 * the system. A thread that stays silent is ended.
 *
 *   silent for   0 ──────── 2 s: where is it? ──────── 10 s: end it ──▶
 */
import type { Clock } from '@encore/kit';
import type { WorkloadFailure } from './worker/messages.ts';

export interface WatchOptions {
  clock: Clock;
  /** Asks the thread to respond. */
  ping: () => void;
  /** Finds out where the thread is; null if that is unknown. */
  locate: () => Promise<string | null>;
  failed: (failure: WorkloadFailure) => void;
  /** Ends the thread. */
  end: () => void;
  everyMs?: number;
}

const defaultEveryMs = 250;
const silentMs = 2_000;
const hungMs = 10_000;

export class WorkloadWatch implements Disposable {
  readonly #options: WatchOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #everyMs: number;
  #heardAt: number;
  #checkedAt: number;
  /** Where the thread was found, since it has been silent. */
  #location: Promise<string | null> | null = null;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#everyMs = options.everyMs ?? defaultEveryMs;
    this.#heardAt = options.clock.now();
    this.#checkedAt = this.#heardAt;
    this.#timer = setInterval(() => this.#check(), this.#everyMs);
  }

  /** The thread sent something. */
  heard(): void {
    const { clock } = this.#options;
    const fromAt = this.#heardAt;
    this.#heardAt = clock.now();
    if (this.#location !== null) void this.#report(fromAt, this.#heardAt, this.#location, 'did not respond');
    this.#location = null;
  }

  #check(): void {
    const { clock, ping, locate, end } = this.#options;
    const now = clock.now();
    // A late check means that this thread, not the workload, was held up.
    if (now - this.#checkedAt > this.#everyMs * 4) this.#heardAt += now - this.#checkedAt;
    this.#checkedAt = now;
    const silence = now - this.#heardAt;
    if (silence >= silentMs) this.#location ??= locate().catch(() => null);
    if (silence < hungMs || this.#location === null) {
      ping();
      return;
    }
    this[Symbol.dispose]();
    void this.#report(this.#heardAt, now, this.#location, 'did not respond, and was ended').finally(end);
  }

  async #report(fromAt: number, toAt: number, located: Promise<string | null>, what: string): Promise<void> {
    const location = await located;
    const problem = `it ${what} for ${((toAt - fromAt) / 1_000).toFixed(1)} s`;
    this.#options.failed({ fromAt, toAt, where: 'thread', problem, location });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
