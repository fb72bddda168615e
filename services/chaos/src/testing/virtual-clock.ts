/**
 * A clock under the test's control: it stands still until all tasks wait, then jumps to the next
 * wake-up.
 */
import type { Clock } from '@encore/kit';

interface Sleeper {
  at: number;
  order: number;
  wake: () => void;
  fail: (reason: unknown) => void;
  signal: AbortSignal | undefined;
}

export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  /** A binary heap by time, then by the order of falling asleep. */
  readonly #sleepers: Sleeper[] = [];
  readonly #subscribed = new WeakSet<AbortSignal>();

  constructor(startMs = 1_700_000_000_000) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (signal) this.#subscribe(signal);
      this.#push({ at: this.#now + Math.max(0, ms), order: this.#order++, wake: resolve, fail: reject, signal });
    });
  }

  /** One listener per signal, not per sleep, because a simulated day has many sleeps. */
  #subscribe(signal: AbortSignal): void {
    if (this.#subscribed.has(signal)) return;
    this.#subscribed.add(signal);
    const failAll = () => {
      for (const sleeper of this.#sleepers) if (sleeper.signal === signal) sleeper.fail(signal.reason);
    };
    signal.addEventListener('abort', failAll, { once: true });
  }

  /** Runs everything that is due within `ms`. */
  async advance(ms: number): Promise<void> {
    const endsAt = this.#now + ms;
    await this.#wakeEach(() => {
      const next = this.#sleepers[0];
      return next !== undefined && next.at <= endsAt;
    });
    this.#now = endsAt;
  }

  /** Lets time pass without running anything: as if the process were paused. */
  jump(ms: number): void {
    this.#now += ms;
  }

  /** Advances until the promise settles. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let done = false;
    const mark = () => {
      done = true;
    };
    void promise.then(mark, mark);
    await this.#wakeEach(() => {
      if (!done && this.#sleepers.length === 0)
        throw new Error('deadlock: the promise is pending and nothing is asleep');
      return !done;
    });
    return promise;
  }

  /**
   * Wakes sleepers one after the other while `goesOn` returns true. Before each, all promises that
   * can proceed without time have proceeded: a tick queued by a promise runs when no other promise
   * is ready. The fakes do no I/O, and a turn of the event loop would cost more than all the rest.
   */
  #wakeEach(goesOn: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = () => {
        try {
          if (!goesOn()) return resolve();
        } catch (error) {
          return reject(error);
        }
        const next = this.#pop();
        this.#now = Math.max(this.#now, next?.at ?? 0);
        next?.wake();
        process.nextTick(tick);
      };
      const now = Promise.resolve();
      const tick = () => void now.then(step);
      void now.then(() => process.nextTick(tick));
    });
  }

  #push(sleeper: Sleeper): void {
    const heap = this.#sleepers;
    let index = heap.push(sleeper) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(sleeper, heap[parent])) break;
      heap[index] = heap[parent] as Sleeper;
      index = parent;
    }
    heap[index] = sleeper;
  }

  #pop(): Sleeper | undefined {
    const heap = this.#sleepers;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const smaller = before(heap[left + 1], heap[left]) ? left + 1 : left;
      if (!before(heap[smaller], last)) break;
      heap[index] = heap[smaller] as Sleeper;
      index = smaller;
    }
    heap[index] = last;
    return first;
  }
}

const before = (a: Sleeper | undefined, b: Sleeper | undefined): boolean =>
  a !== undefined && (b === undefined || a.at < b.at || (a.at === b.at && a.order < b.order));
