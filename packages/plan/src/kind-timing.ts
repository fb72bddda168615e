/** Planning data of each fault kind: default duration, cost and required recovery time. */
import type { FaultKind } from '@encore/contracts';

export interface KindTiming {
  /** Default duration range; null for an instant fault. */
  holdSeconds: { min: number; max: number } | null;
  /** No server, however good, can respond while the fault is active. */
  totalOutage: boolean;
  /** Ends the target's process, which must then start again. */
  endsProcess: boolean;
  /** Ends it without asking. A plan in which such a fault does not fit is refused. */
  kill: boolean;
  /** Healthy time that the target needs before the fault. */
  healthBeforeSeconds: number;
  /** Time limit, from the injection, for observing the effect. */
  effectCheckSeconds: number;
}

const held = (min: number, max: number, totalOutage = false): KindTiming => ({
  holdSeconds: { min, max },
  totalOutage,
  endsProcess: false,
  kill: false,
  healthBeforeSeconds: 0,
  effectCheckSeconds: 8,
});
const kill: KindTiming = {
  holdSeconds: null,
  totalOutage: false,
  endsProcess: true,
  kill: true,
  healthBeforeSeconds: 0,
  effectCheckSeconds: 8,
};

export const kindTiming: Record<FaultKind, KindTiming> = {
  // The engine doubles its restart back-off for a container that ran for less than 10 s, which
  // would distort the recovery time.
  crash: { ...kill, healthBeforeSeconds: 10 },
  outage: kill,
  restart: { ...kill, kill: false },
  freeze: held(5, 20, true),
  hang: held(20, 40, true),
  'memory-cap': held(30, 60),
  'memory-pressure': held(10, 30),
  // Five calls of 15 s open the breaker, which may close 60 s later: the fault lasts for all of it.
  'tool-stall': { ...held(170, 190), effectCheckSeconds: 120 },
  'cpu-throttle': held(30, 60),
  'disk-full': held(15, 45),
  latency: held(5, 30),
  jitter: held(5, 30),
  bandwidth: held(5, 30),
  'slow-close': held(5, 30),
  slicer: held(5, 30),
  'limit-data': held(5, 30),
  timeout: held(5, 20, true),
  'reset-peer': held(5, 20, true),
  'connection-refused': held(5, 20, true),
  partition: held(5, 20, true),
  'database-down': held(5, 20, true),
  'database-freeze': held(5, 20, true),
  'database-latency': held(5, 30),
  'traffic-spike': held(10, 30),
};
