/** A fault of a simulated run: its effect on requests, and its events. */
import { behaviourOf, type EncoreEvent, isKill, type Outcome, type Plan, type PlannedFault } from '@encore/contracts';

export interface SimulatedFault extends PlannedFault {
  effect?: 'confirmed' | 'absent' | 'refused' | 'unsupported';
  /** Downtime after a kill; Infinity for a server that never recovers. */
  downSeconds?: number;
  startedBy?: 'restart-policy' | 'supervisor' | 'revert' | 'external';
  /** False: the revert could not be verified. */
  revertVerified?: boolean;
  /** Interval after the fault's end in which the server sheds one request in ten. */
  sheds?: { fromSeconds: number; toSeconds: number };
}

/** Creates a fault with this number; times are in seconds of steady. */
export function plannedFault(
  number: number,
  fault: Omit<SimulatedFault, 'id' | 'params' | 'durationSeconds'> & Partial<SimulatedFault>,
): SimulatedFault {
  return { id: `f${String(number).padStart(4, '0')}`, durationSeconds: 0, params: {}, ...fault };
}

/** Faults that can affect a request in this second; computed once, as there can be hundreds. */
export function activeIn(second: number, faults: readonly SimulatedFault[]): SimulatedFault[] {
  return faults.filter(({ effect, atSeconds, durationSeconds, downSeconds, sheds }) => {
    const longest = Math.max(durationSeconds, (downSeconds ?? 1.5) + 1) + (sheds?.toSeconds ?? 0);
    return (effect ?? 'confirmed') === 'confirmed' && atSeconds < second + 1 && atSeconds + longest >= second;
  });
}

/** Outcome of a request if a fault makes the server unreachable at this time; else null. */
export function errorAt(at: number, active: readonly SimulatedFault[], steadyAt: number): Outcome | null {
  for (const fault of active) {
    const from = steadyAt + fault.atSeconds * 1_000;
    if (at < from) continue;
    if (isKill(fault) && at < from + (fault.downSeconds ?? 1.5) * 1_000 + 300) return 'refused';
    if (!behaviourOf(fault).totalOutage || at >= from + fault.durationSeconds * 1_000) continue;
    return fault.kind === 'timeout' ? 'header_timeout' : 'refused';
  }
  return null;
}

/** True if the server sheds this request after the end of a fault. */
export function isShed(number: number, at: number, active: readonly SimulatedFault[], steadyAt: number): boolean {
  return active.some((fault) => {
    const { sheds, atSeconds, durationSeconds, downSeconds = 1.5 } = fault;
    if (sheds === undefined || number % 10 !== 0) return false;
    const lasts = isKill(fault) ? downSeconds + 0.3 : durationSeconds;
    const afterSeconds = (at - steadyAt) / 1_000 - atSeconds - lasts;
    return afterSeconds >= sheds.fromSeconds && afterSeconds < sheds.toSeconds;
  });
}

export function addedLatencyAt(at: number, active: readonly SimulatedFault[], steadyAt: number): number {
  const slow = active.find(
    ({ kind, atSeconds, durationSeconds }) =>
      kind === 'latency' && at >= steadyAt + atSeconds * 1_000 && at < steadyAt + (atSeconds + durationSeconds) * 1_000,
  );
  return slow?.params.latencyMs ?? 0;
}

/** Events of injector, engine and server watcher for a fault, until the server is back. */
export function* faultEvents(fault: SimulatedFault, plan: Plan, steadyAt: number): Generator<EncoreEvent> {
  const { id: faultId, kind, target, params } = fault;
  const at = steadyAt + fault.atSeconds * 1_000;
  const effect = fault.effect ?? 'confirmed';
  yield { type: 'fault_due', at: at - 20, faultId, plannedAt: at };
  if (effect === 'unsupported') {
    yield {
      type: 'fault_skipped',
      at: at - 15,
      faultId,
      kind,
      target,
      reason: 'no writable cgroup',
      unsupported: true,
    };
    return;
  }
  const planned = plan.faults.find(({ id }) => id === faultId);
  if (planned !== undefined) yield { type: 'fault_intended', at: at - 10, faultId, fault: planned };
  yield {
    type: 'fault_injected',
    at: at + 4,
    faultId,
    kind,
    target,
    params,
    ...(isKill(fault) ? { engineAt: at } : {}),
  };
  yield {
    type: 'fault_effect_checked',
    at: at + 60,
    faultId,
    effect,
    evidence: effect === 'confirmed' ? `the engine reported ${kind}` : 'nothing changed',
  };
  if (effect === 'confirmed' && isKill(fault)) yield* deathEvents(fault, at);
  const revertedAt =
    fault.durationSeconds === 0 ? at + 61 : steadyAt + (fault.atSeconds + fault.durationSeconds) * 1_000 - 5;
  const cause = fault.durationSeconds === 0 ? 'instant' : 'released';
  yield {
    type: 'fault_reverted',
    at: revertedAt,
    faultId,
    verified: fault.revertVerified ?? true,
    cause,
    evidence: 'read back',
  };
}

function* deathEvents(fault: SimulatedFault, at: number): Generator<EncoreEvent> {
  const { target } = fault;
  yield {
    type: 'engine_event',
    at: at + 6,
    engineAt: at,
    target,
    action: 'kill',
    signal: fault.kind === 'crash' ? 'SIGQUIT' : 'SIGKILL',
  };
  yield {
    type: 'engine_event',
    at: at + 25,
    engineAt: at + 20,
    target,
    action: 'die',
    exitCode: fault.kind === 'crash' ? 131 : 137,
  };
  yield { type: 'server_observed', at: at + 80, port: false, ready: false };
  const downMs = (fault.downSeconds ?? 1.5) * 1_000;
  if (!Number.isFinite(downMs)) return;
  const up = at + downMs;
  const actor = fault.startedBy ?? (fault.kind === 'crash' ? 'restart-policy' : 'supervisor');
  yield {
    type: 'engine_event',
    at: up - 590,
    engineAt: up - 600,
    target,
    action: 'start',
    restartCount: actor === 'restart-policy' ? Math.ceil(fault.atSeconds) + 1 : 0,
  };
  const requested = actor === 'supervisor' || actor === 'revert' ? { requestedAt: up - 650 } : {};
  yield {
    type: 'target_started',
    at: up - 590,
    engineAt: up - 600,
    target,
    actor,
    reason: actor,
    ...requested,
  };
  yield { type: 'server_observed', at: up - 200, port: true, ready: false };
  yield { type: 'server_observed', at: up, port: true, ready: true };
}
