/** A fault tracker of the bundled system, and the events that it receives. */
import assert from 'node:assert/strict';
import type { Actor, FaultKind, PlannedFault, Target } from '@encore/contracts';
import { plannedSystem } from '@encore/kit';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import type { Observation } from '../judge/events/time-order.ts';
import { type FaultRecord, recoveredByOf, recoveryOf } from '../judge/faults/fault-record.ts';
import { FaultTracker } from '../judge/faults/fault-tracker.ts';

export const limitSeconds = 30;
export const planned = (kind: FaultKind, target: Target, durationSeconds = 0, id = 'f0001'): PlannedFault => ({
  id,
  kind,
  target,
  atSeconds: 1,
  durationSeconds,
  params: {},
});

/** A tracker of these faults, and helpers to add events and read the results. */
export function tracked(...faults: PlannedFault[]) {
  const tracker = new FaultTracker({ system: plannedSystem(bundledSystem), faults });
  const add = (...events: Observation[]): void => {
    for (const event of events) tracker.add(event);
  };
  const record = (id = 'f0001'): FaultRecord => {
    const found = tracker.records.get(id);
    assert.ok(found);
    return found;
  };
  const recovered = (id?: string): { seconds: number | string; recoveredBy: string | null } => {
    const recovery = recoveryOf(record(id), 100_000, limitSeconds);
    const seconds = recovery.state === 'recovered' ? recovery.seconds : recovery.state;
    return { seconds, recoveredBy: recoveredByOf(record(id), recovery) };
  };
  return { tracker, add, record, recovered };
}

export const inject = (
  at: number,
  fault: PlannedFault,
  effect: 'confirmed' | 'absent' = 'confirmed',
): Observation[] => [
  { type: 'fault_intended', at: at - 10, faultId: fault.id, fault },
  {
    type: 'fault_injected',
    at,
    engineAt: at,
    faultId: fault.id,
    kind: fault.kind,
    target: fault.target,
    params: fault.params,
  },
  { type: 'fault_effect_checked', at: at + 5, faultId: fault.id, effect, evidence: 'seen' },
];
export const reverted = (at: number, id = 'f0001'): Observation => ({
  type: 'fault_reverted',
  at,
  faultId: id,
  verified: true,
  cause: 'released',
  evidence: '',
});
export const died = (at: number, target = 'server'): Observation => ({
  type: 'engine_event',
  at,
  engineAt: at,
  target,
  action: 'die',
  exitCode: 137,
});
export const started = (at: number, actor: Actor, restartCount = 0, target = 'server'): Observation[] => [
  { type: 'engine_event', at, engineAt: at, target, action: 'start', restartCount },
  { type: 'target_started', at, engineAt: at, target, actor, reason: '' },
];
export const ok = (dueAt: number, at = dueAt + 5): Observation => ({ type: 'probe', at, dueAt, outcome: 'ok' });
/** A second with 20 successful attempts. */
export const loadSecond = (at: number): Observation => ({
  type: 'load_second',
  at,
  users: 10,
  attempts: { ok: 20 },
  operations: {},
  responseMs: null,
  bytesSent: 0,
  bytesReceived: 0,
});
export const refused = (dueAt: number): Observation => ({ type: 'probe', at: dueAt + 5, dueAt, outcome: 'refused' });
