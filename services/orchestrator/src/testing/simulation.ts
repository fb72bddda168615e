/** Settings of a simulated run; by default a short one that passes. */
import type { EncoreEvent, System } from '@encore/contracts';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import type { SimulatedFault } from './simulated-fault.ts';

/** The operations of simulated users. */
export const simulatedOperations = ['create', 'analyze', 'modify', 'export', 'heavy'] as const;

export interface Simulation {
  system: System;
  seed: number;
  startsAt: number;
  rampSeconds: number;
  steadySeconds: number;
  users: number;
  operationsPerSecond: number;
  probesPerSecond: number;
  faults: SimulatedFault[];
  config: Record<string, unknown>;
  /** Second of steady in which the run is interrupted. */
  interruptedAfter: number | null;
  /** Seconds of steady without events of the load generator. */
  unseen: { from: number; to: number } | null;
  leakBytesPerHour: number;
  /** Failed attempts per second that no fault explains. */
  strayFailures: number;
  lateStarts: number;
  eventLoopDelayP99Ms: number;
  workloadDelayP99Ms: number;
  /** CPU use of the load generator, as a share of one core. */
  cpuShare: number;
  acknowledged: number;
  lost: number;
  /** Additional events, inserted by time. */
  extra: EncoreEvent[];
}

export const defaultSimulation: Simulation = {
  system: bundledSystem,
  seed: 7,
  startsAt: Date.UTC(2026, 10, 23, 10, 0, 0),
  rampSeconds: 10,
  steadySeconds: 170,
  users: 20,
  operationsPerSecond: 40,
  probesPerSecond: 10,
  faults: [],
  config: { profile: 'smoke', recoveryTimeoutSeconds: 30, thresholds: {} },
  interruptedAfter: null,
  unseen: null,
  leakBytesPerHour: 0,
  strayFailures: 0,
  lateStarts: 0,
  eventLoopDelayP99Ms: 12,
  workloadDelayP99Ms: 15,
  cpuShare: 0.31,
  acknowledged: 200,
  lost: 0,
  extra: [],
};
