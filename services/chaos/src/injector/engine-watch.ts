/**
 * The engine's events of this project, in order, as one stream that outlives the engine's hang-ups: it resumes from the
 * last event's own time and drops what it has seen.
 */
import { type Clock, describeError, type Logger } from '@encore/kit';
import type { Engine, EngineEvent } from './engine.ts';

const kept = 1_000;
const retryMs = 500;

export class EngineWatch {
  readonly #engine: Engine;
  readonly #project: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #recent: { number: number; event: EngineEvent }[] = [];
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

  /** When the stream last broke off. An engine that only hung delivers its events later; those of one that died are lost. */
  get brokeOffAt(): number {
    return this.#brokeOffAt;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#engine.watch(this.#project, this.#lastAtMs, (event) => this.#take(event), signal);
      } catch (error) {
        if (!signal.aborted) this.#logger.warn({ err: describeError(error) }, 'engine events broke off');
      }
      this.#brokeOffAt = this.#clock.now();
      if (!signal.aborted) await this.#clock.sleep(retryMs, signal).catch(() => {});
    }
  }

  listen(listener: (event: EngineEvent) => void): void {
    this.#listeners.add(listener);
  }

  /** To be taken before an act; `next` then finds the act's events even when they come before the act's answer. */
  mark(): number {
    return this.#lastNumber;
  }

  /** The first event after `mark` that fits, or null when none comes in time. */
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

  /** The last event after `mark` that fits, of those that are kept. */
  last(mark: number, fits: (event: EngineEvent) => boolean): EngineEvent | null {
    return this.#recent.findLast(({ number, event }) => number > mark && fits(event))?.event ?? null;
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
