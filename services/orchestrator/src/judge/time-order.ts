/**
 * Puts events of several sources into the order of time. Each source is asked by page, so its events reach the
 * history up to seconds after another's (a restarted injector hands out its journal a minute late). Events wait here
 * until the history is `horizonMs` ahead of them; what comes later than that is passed on as it comes.
 *
 *   history (by arrival) ──add──▶ [ waiting, sorted by time ] ──ready──▶ collectors (by time)
 *
 * Seconds of the probe are taken apart, so that each probe stands at the moment of its answer.
 */
import type { EncoreEvent, Outcome } from '@encore/contracts';

export interface Probe {
  type: 'probe';
  /** When it was answered, or given up. */
  at: number;
  dueAt: number;
  outcome: Outcome;
}
export type Observation = Exclude<EncoreEvent, { type: 'probe_second' }> | Probe;

/** When it happened, or began: the engine's own timestamp where there is one. */
export function timeOf(event: Observation): number {
  if (event.type === 'injector_failed' || event.type === 'engine_lost') return event.fromAt;
  return ('engineAt' in event ? event.engineAt : undefined) ?? event.at;
}

export const defaultHorizonMs = 60_000;
const maxWaiting = 400_000;

export class TimeOrder {
  readonly #horizonMs: number;
  #waiting: { time: number; event: Observation }[] = [];
  #taken = 0;
  #newest = Number.NEGATIVE_INFINITY;

  constructor(horizonMs = defaultHorizonMs) {
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

  /** Events that nothing can come before any more. */
  *ready(): Generator<Observation> {
    for (;;) {
      const next = this.#waiting[this.#taken];
      const crowded = this.#waiting.length - this.#taken > maxWaiting;
      if (next === undefined || (!crowded && next.time > this.#newest - this.#horizonMs)) break;
      this.#taken += 1;
      yield next.event;
    }
    if (this.#taken > 4_096) {
      this.#waiting = this.#waiting.slice(this.#taken);
      this.#taken = 0;
    }
  }

  /** Everything that still waits, at the end. */
  *rest(): Generator<Observation> {
    while (this.#taken < this.#waiting.length) {
      const next = this.#waiting[this.#taken];
      this.#taken += 1;
      if (next !== undefined) yield next.event;
    }
  }

  #insert(event: Observation): void {
    const time = timeOf(event);
    this.#newest = Math.max(this.#newest, time);
    // The newest event is nearly always the last one, so the way back is short.
    let index = this.#waiting.length;
    while (index > this.#taken && (this.#waiting[index - 1]?.time ?? 0) > time) index -= 1;
    if (index === this.#waiting.length) this.#waiting.push({ time, event });
    else this.#waiting.splice(index, 0, { time, event });
  }
}
