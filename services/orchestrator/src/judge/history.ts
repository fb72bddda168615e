/**
 * Reads the history of a run once and in time order. Memory use depends on the length of the run,
 * not on its load.
 *
 *   event ──▶ TimeOrder ──┬──▶ collectors: figures that can change the verdict
 *                         └──▶ observers: warnings and charts, which cannot
 */
import type { EncoreEvent, Plan } from '@encore/contracts';
import { type Collectors, createCollectors } from './collect/collectors.ts';
import { type Collector, type Observation, TimeOrder } from './events/time-order.ts';
import { createObservers, type Observers } from './observations/observers.ts';

export class History {
  readonly plan: Plan;
  readonly collectors: Collectors;
  readonly observers: Observers;
  readonly #all: readonly Collector[];
  readonly #order: TimeOrder;

  /**
   * `horizonMs`: how long events wait for those of slower sources (default: one minute). A live
   * view uses a short one.
   */
  constructor(plan: Plan, horizonMs?: number) {
    this.plan = plan;
    this.collectors = createCollectors(plan);
    this.observers = createObservers(plan, this.collectors);
    this.#all = [...Object.values(this.collectors), ...Object.values(this.observers)];
    this.#order = new TimeOrder(horizonMs);
  }

  add(event: EncoreEvent): void {
    this.#order.add(event);
    this.#collect(this.#order.ready());
  }

  /** Processes the events that are still waiting. Call once, after the last event. */
  end(): void {
    this.#collect(this.#order.ready(true));
  }

  #collect(events: Iterable<Observation>): void {
    for (const event of events) for (const collector of this.#all) collector.add(event);
  }
}
