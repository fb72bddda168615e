/**
 * The engine's events of this project as one ordered stream that survives disconnects: it resumes
 * from the time of the last event and drops duplicates.
 */
import { type Clock, describeError, type Logger } from '@encore/kit';
import type { Engine, EngineEvent } from './engine.ts';

const kept = 1_000;
const retryMs = 500;

/** An event with its position in the stream, from 1. */
export interface NumberedEvent {
  number: number;
  event: EngineEvent;
}

export class EngineWatch {
  readonly #engine: Engine;
  readonly #project: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #recent: NumberedEvent[] = [];
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  #lastNumber = 0;
  #lastAtMs: number;
  #seenAtLast = new Set<string>();
  #brokeOffAt = Number.NEGATIVE_INFINITY;

  constructor(engine: Engine, project: string, sinceMs: number, clock: Clock, logger: Logger) {
    this.#engine = engine;
    this.#project = project;
    this.#clock = clock;
    this.#logger = logger;
    this.#lastAtMs = sinceMs;
  }

  /**
   * When the stream last ended. An engine that only hung delivers its events later; a dead one
   * loses them.
   */
  get brokeOffAt(): number {
    return this.#brokeOffAt;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#engine.watch(this.#project, this.#lastAtMs, (event) => this.#take(event), signal);
      } catch (error) {
        if (!signal.aborted) this.#logger.warn({ err: describeError(error) }, 'the stream of engine events ended');
      }
      this.#brokeOffAt = this.#clock.now();
      if (!signal.aborted) await this.#clock.sleep(retryMs, signal).catch(() => {});
    }
  }

  listen(listener: (event: EngineEvent) => void): void {
    this.#listeners.add(listener);
  }

  /**
   * Call before an injection; `next` then finds its events even if they arrive before the call
   * returns.
   */
  mark(): number {
    return this.#lastNumber;
  }

  /** Returns the first event after `mark` that matches, or null on timeout. */
  next(
    mark: number,
    fits: (event: EngineEvent) => boolean,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<EngineEvent | null> {
    const past = this.#recent.find(({ number, event }) => number > mark && fits(event));
    if (past) return Promise.resolve(past.event);
    return new Promise((resolve) => {
      const stop = new AbortController();
      const finish = (event: EngineEvent | null) => {
        this.#listeners.delete(listener);
        stop.abort();
        resolve(event);
      };
      const listener = (event: EngineEvent) => {
        if (fits(event)) finish(event);
      };
      this.#listeners.add(listener);
      void this.#clock.sleep(timeoutMs, AbortSignal.any([signal, stop.signal])).then(
        () => finish(null),
        () => finish(null),
      );
    });
  }

  /** Returns the last matching event between two positions among the retained ones, or null. */
  find(
    fits: (event: EngineEvent) => boolean,
    { after, before = Number.POSITIVE_INFINITY }: { after: number; before?: number },
  ): NumberedEvent | null {
    return this.#recent.findLast(({ number, event }) => number > after && number < before && fits(event)) ?? null;
  }

  #take(event: EngineEvent): void {
    const key = `${event.containerId} ${event.action} ${event.atMs}`;
    if (event.atMs < this.#lastAtMs || (event.atMs === this.#lastAtMs && this.#seenAtLast.has(key))) return;
    if (event.atMs > this.#lastAtMs) this.#seenAtLast = new Set();
    this.#seenAtLast.add(key);
    this.#lastAtMs = event.atMs;
    this.#lastNumber += 1;
    this.#recent.push({ number: this.#lastNumber, event });
    if (this.#recent.length > kept) this.#recent.shift();
    for (const listener of [...this.#listeners]) listener(event);
  }
}
