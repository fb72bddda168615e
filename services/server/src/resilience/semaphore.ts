/**
 * A bounded number of slots with a bounded FIFO queue that has a deadline. A request joins the
 * queue only if it can expect a slot before the deadline: the wait is estimated from the queue's
 * length and the rate at which slots have recently become free. So work is refused early, while a
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
 * A request joins if its estimated wait is at most this share of the deadline. The rest is a
 * margin in case the work slows down afterwards.
 */
const expectedShare = 0.5;
/**
 * The rate is that of the last second or so in which requests waited. Over a shorter time, a stall
 * of half a second that has passed would look like slow work, and requests that can be served would
 * be refused.
 */
const memoryMs = 1_000;

export class Semaphore {
  readonly #options: SemaphoreOptions;
  readonly #queue = new Set<() => void>();
  #taken = 0;
  /**
   * Slots that became free while requests waited, and the time that took; both fade. Begins as if
   * a full queue could be served in time, so that a few slow first requests cause no refusals.
   */
  readonly #recent: { freed: number; ms: number };
  #freedAtMs: number | null = null;

  constructor(options: SemaphoreOptions) {
    this.#options = options;
    this.#recent = { freed: options.maxQueued, ms: options.maxWaitMs * expectedShare };
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
    const { freed, ms } = this.#recent;
    const inTime = Math.floor((maxWaitMs * expectedShare * freed) / ms);
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

  /** Measures only while requests wait: without a queue, the rate shows the demand. */
  #measure(): void {
    if (this.#queue.size === 0) {
      this.#freedAtMs = null;
      return;
    }
    const now = (this.#options.now ?? performance.now.bind(performance))();
    if (this.#freedAtMs !== null) {
      const elapsedMs = now - this.#freedAtMs;
      const kept = Math.exp(-elapsedMs / memoryMs);
      this.#recent.freed = this.#recent.freed * kept + 1;
      this.#recent.ms = this.#recent.ms * kept + elapsedMs;
    }
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
  return new EncoreError('OVERLOADED', `${reason}; try again later`);
}
