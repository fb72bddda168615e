/**
 * A bounded number of slots with a bounded FIFO queue that has a deadline. A request joins the
 * queue only if it can expect a slot before the deadline: the wait is estimated from the queue's
 * length and the rate at which slots have become free of late. So work is refused early, while a
 * refusal is cheap, and only when waiting would not help.
 */
import { EncoreError } from '@encore/kit/encore-error';

export interface SemaphoreOptions {
  slots: number;
  maxQueued: number;
  /** The queue's deadline. */
  maxWaitMs: number;
  /** Makes the error for a request that cannot join the queue or waited until the deadline. */
  refuse: () => EncoreError;
  /** Monotonic milliseconds; overridden in tests. */
  now?: () => number;
}

/**
 * Share of the deadline. The rest is a margin in case the work slows down after a request has
 * joined.
 */
const expectedShare = 0.5;
/**
 * Weight of the newest interval in the moving average, which follows a change within about ten
 * slots.
 */
const newestWeight = 0.1;

export class Semaphore {
  readonly #options: SemaphoreOptions;
  readonly #queue = new Set<() => void>();
  #taken = 0;
  /** Moving average of the time between two slots that became free while requests were waiting. */
  #intervalMs = 0;
  #freedAtMs: number | null = null;

  constructor(options: SemaphoreOptions) {
    this.#options = options;
  }

  get taken(): number {
    return this.#taken;
  }

  get queued(): number {
    return this.#queue.size;
  }

  /** How many more requests would get a slot or join the queue. */
  get headroom(): number {
    const { slots, maxQueued, maxWaitMs } = this.#options;
    const inTime = this.#intervalMs > 0 ? Math.floor((maxWaitMs * expectedShare) / this.#intervalMs) : maxQueued;
    return Math.max(0, slots - this.#taken) + Math.max(0, Math.min(maxQueued, inTime) - this.#queue.size);
  }

  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const leave = await this.enter(signal);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /** Resolves with a function that releases the slot; calling it twice is harmless. */
  enter(signal?: AbortSignal): Promise<() => void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#taken < this.#options.slots && this.#queue.size === 0) return Promise.resolve(this.#take());
    if (this.headroom === 0) return Promise.reject(this.#options.refuse());
    return new Promise((resolve, reject) => {
      const leaveQueue = (): void => {
        this.#queue.delete(waiter);
        clearTimeout(timer);
        signal?.removeEventListener('abort', abandoned);
      };
      const abandoned = (): void => {
        leaveQueue();
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        leaveQueue();
        reject(this.#options.refuse());
      }, this.#options.maxWaitMs);
      const waiter = (): void => {
        leaveQueue();
        resolve(this.#take());
      };
      this.#queue.add(waiter);
      signal?.addEventListener('abort', abandoned, { once: true });
    });
  }

  /**
   * Measures only while requests wait; otherwise the interval depends on the demand, not on the
   * work.
   */
  #measure(): void {
    if (this.#queue.size === 0) {
      this.#freedAtMs = null;
      return;
    }
    const now = (this.#options.now ?? performance.now.bind(performance))();
    if (this.#freedAtMs !== null) this.#intervalMs += (now - this.#freedAtMs - this.#intervalMs) * newestWeight;
    this.#freedAtMs = now;
  }

  #take(): () => void {
    this.#taken += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#taken -= 1;
      this.#measure();
      for (const next of this.#queue) {
        if (this.#taken >= this.#options.slots) break;
        next();
      }
    };
  }
}

export function overloaded(reason: string): EncoreError {
  return new EncoreError('OVERLOADED', `${reason}; try again later`, { status: 503, definite: true });
}
