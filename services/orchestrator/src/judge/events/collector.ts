import type { Observation } from './time-order.ts';

/** Computes figures of a run from its events, which it receives in time order. */
export interface Collector {
  add(event: Observation): void;
}
