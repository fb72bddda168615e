/** A bounded number of places, and a bounded queue in front of them in which nobody waits longer than allowed. */
import { EncoreError } from '@encore/kit/encore-error';

export interface SemaphoreOptions {
  places: number;
  maxQueued: number;
  maxWaitMs: number;
  /**
   * When the first in the queue has waited for so long, the queue is no burst that passes: more is asked than can be done, and whoever
   * joined would only wait longer. Then nobody may join, so that those who are let in are answered while they still want the answer.
   */
  standingMs?: number;
  /** Made when the queue is full, or the wait was too long. */
  refuse: () => EncoreError;
}

interface Waiter {
  enter: () => void;
  since: number;
}

export class Semaphore {
  readonly #options: SemaphoreOptions;
  readonly #queue = new Set<Waiter>();
  #taken = 0;

  constructor(options: SemaphoreOptions) {
    this.#options = options;
  }

  get taken(): number {
    return this.#taken;
  }

  get queued(): number {
    return this.#queue.size;
  }

  /** How many more would not have to wait. */
  get free(): number {
    return Math.max(0, this.#options.places - this.#taken);
  }

  /** How many more would not be refused at once. */
  get room(): number {
    const { maxQueued } = this.#options;
    return this.free + (this.#standing ? 0 : maxQueued - this.#queue.size);
  }

  get #standing(): boolean {
    const [first] = this.#queue;
    return (
      first !== undefined && performance.now() - first.since >= (this.#options.standingMs ?? Number.POSITIVE_INFINITY)
    );
  }

  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const leave = await this.enter(signal);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /** Resolves with the function that gives the place back; calling it twice is harmless. */
  enter(signal?: AbortSignal): Promise<() => void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#taken < this.#options.places && this.#queue.size === 0) return Promise.resolve(this.#take());
    if (this.room === 0) return Promise.reject(this.#options.refuse());
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
      const waiter: Waiter = {
        since: performance.now(),
        enter: () => {
          leaveQueue();
          resolve(this.#take());
        },
      };
      this.#queue.add(waiter);
      signal?.addEventListener('abort', abandoned, { once: true });
    });
  }

  #take(): () => void {
    this.#taken += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#taken -= 1;
      for (const next of this.#queue) {
        if (this.#taken >= this.#options.places) break;
        next.enter();
      }
    };
  }
}

export function overloaded(what: string): EncoreError {
  return new EncoreError('OVERLOADED', `${what}; try again later`, { status: 503, definite: true });
}
