/** What the plan must know of each kind of fault: how long it is held when nobody says, and what it costs at best. */
import type { FaultKind } from '@encore/contracts';

export interface KindTiming {
  /** Held so long when a rule gives no duration; null for an instant act. */
  holdSeconds: { min: number; max: number } | null;
  /** No request can be answered while it is held, not even by a perfect server. */
  totalOutage: boolean;
  /** Ends the target's process: it must come back by itself or be started, and that takes its time. */
  kill: boolean;
  /** Healthy time that the target must have had before it. */
  healthBeforeSeconds: number;
  /** Until then it must have been seen to bite, from the act on. */
  biteSeconds: number;
}

const held = (min: number, max: number, totalOutage = false): KindTiming => ({
  holdSeconds: { min, max },
  totalOutage,
  kill: false,
  healthBeforeSeconds: 0,
  biteSeconds: 8,
});
const kill: KindTiming = { holdSeconds: null, totalOutage: false, kill: true, healthBeforeSeconds: 0, biteSeconds: 8 };

export const kindTiming: Record<FaultKind, KindTiming> = {
  // The engine's back-off doubles for a container that lived less than 10 s, which would spoil the recovery time.
  crash: { ...kill, healthBeforeSeconds: 10 },
  outage: kill,
  restart: kill,
  freeze: held(5, 20, true),
  hang: held(20, 40, true),
  'memory-cap': held(30, 60),
  'memory-pressure': held(10, 30),
  // Five calls of 15 s each open the breaker, 60 s later it may close: all of that belongs to the fault.
  'tool-stall': { ...held(170, 190), biteSeconds: 120 },
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
  'traffic-surge': held(10, 30),
};
