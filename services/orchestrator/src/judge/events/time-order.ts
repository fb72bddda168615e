/**
 * Sorts the events of several sources by time. Sources are polled page by page, so an event may
 * reach the history seconds after younger ones of other sources (a minute, if the injector has
 * restarted). Each event waits until the history is `horizonMs` ahead of it; one that arrives even
 * later passes through in arrival order.
 *
 *   history (by arrival) ──add──▶ [ waiting, sorted by time ] ──ready──▶ collectors (by time)
 *
 * A `probe_second` is split, so that each probe takes the time of its response.
 */
import type { EncoreEvent, Outcome } from '@encore/contracts';

export interface Probe {
  type: 'probe';
  /** When the response came, or the probe gave up. */
  at: number;
  dueAt: number;
  outcome: Outcome;
}
export type Observation = Exclude<EncoreEvent, { type: 'probe_second' }> | Probe;

/** Computes figures of a run from its events, which it receives in time order. */
export interface Collector {
  add(event: Observation): void;
}

/** When the event happened or began: the engine's timestamp if there is one. */
export function timeOf(event: Observation): number {
  if (event.type === 'injector_failed' || event.type === 'engine_lost') return event.fromAt;
  return ('engineAt' in event ? event.engineAt : undefined) ?? event.at;
}

const maxWaiting = 400_000;

export class TimeOrder {
  readonly #horizonMs: number;
  #waiting: { time: number; event: Observation }[] = [];
  #taken = 0;
  #newest = Number.NEGATIVE_INFINITY;

  constructor(horizonMs = 60_000) {
    this.#horizonMs = horizonMs;
  }

  add(event: EncoreEvent): void {
    if (event.type !== 'probe_second') this.#insert(event);
    else {
      for (const { dueAt, endedAt, outcome } of event.probes) {
        this.#insert({ type: 'probe', at: endedAt, dueAt, outcome });
      }
    }
  }

  /** Removes and yields the events that are older than the horizon; at the end, all of them. */
  *ready(isEnd = false): Generator<Observation> {
    for (;;) {
      const next = this.#waiting[this.#taken];
      const isDue = isEnd || this.#waiting.length - this.#taken > maxWaiting;
      if (next === undefined || (!isDue && next.time > this.#newest - this.#horizonMs)) break;
      this.#taken += 1;
      yield next.event;
    }
    if (this.#taken > 4_096) {
      this.#waiting = this.#waiting.slice(this.#taken);
      this.#taken = 0;
    }
  }

  #insert(event: Observation): void {
    const time = timeOf(event);
    this.#newest = Math.max(this.#newest, time);
    // The newest event is nearly always the last one, so this loop is short.
    let index = this.#waiting.length;
    while (index > this.#taken && (this.#waiting[index - 1]?.time ?? 0) > time) index -= 1;
    if (index === this.#waiting.length) this.#waiting.push({ time, event });
    else this.#waiting.splice(index, 0, { time, event });
  }
}
