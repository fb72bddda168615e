/** A fault of a simulated run: what it does to requests, and what is said of it. */
import type { EncoreEvent, Outcome, Plan, PlannedFault } from '@encore/contracts';
import { containerOf, kindTraits } from '../judge/kind-traits.ts';

export interface SimulatedFault extends PlannedFault {
  bit?: 'yes' | 'no' | 'refused' | 'unsupported';
  /** How long a killed server stays away; Infinity for one that never comes back. */
  downSeconds?: number;
  startedBy?: 'policy' | 'supervisor' | 'undo' | 'foreign';
  /** False: the undo was not found to have worked. */
  undoVerified?: boolean;
  /** From when until when after its end the server sheds one request in ten, as under the load of returning users. */
  sheds?: { fromSeconds: number; toSeconds: number };
}

/** A fault with its number; times in seconds of steady. */
export function plannedFault(
  number: number,
  fault: Omit<SimulatedFault, 'id' | 'params' | 'durationSeconds'> & Partial<SimulatedFault>,
): SimulatedFault {
  return { id: `f${String(number).padStart(4, '0')}`, durationSeconds: 0, params: {}, ...fault };
}

/** Faults that can matter to a request of this second; looked for once per second, for a plan may hold hundreds. */
export function activeIn(second: number, faults: readonly SimulatedFault[]): SimulatedFault[] {
  return faults.filter(({ bit, atSeconds, durationSeconds, downSeconds, sheds }) => {
    const longest = Math.max(durationSeconds, (downSeconds ?? 1.5) + 1) + (sheds?.toSeconds ?? 0);
    return (bit ?? 'yes') === 'yes' && atSeconds < second + 1 && atSeconds + longest >= second;
  });
}

/** Is the server out of reach for a request at this moment, and how does that look? */
export function troubleAt(at: number, active: readonly SimulatedFault[], steadyAt: number): Outcome | null {
  for (const fault of active) {
    const from = steadyAt + fault.atSeconds * 1_000;
    if (at < from) continue;
    if (isDeadly(fault) && at < from + (fault.downSeconds ?? 1.5) * 1_000 + 300) return 'refused';
    const failing = ['connection-refused', 'timeout', 'freeze', 'database-down', 'hang'].includes(fault.kind);
    if (!failing || at >= from + fault.durationSeconds * 1_000) continue;
    return fault.kind === 'timeout' ? 'header_timeout' : 'refused';
  }
  return null;
}

/** Is this request one of those that are shed in the aftermath of a fault? */
export function isShed(number: number, at: number, active: readonly SimulatedFault[], steadyAt: number): boolean {
  return active.some((fault) => {
    const { sheds, atSeconds, durationSeconds, downSeconds = 1.5 } = fault;
    if (sheds === undefined || number % 10 !== 0) return false;
    const lasts = isDeadly(fault) ? downSeconds + 0.3 : durationSeconds;
    const afterSeconds = (at - steadyAt) / 1_000 - atSeconds - lasts;
    return afterSeconds >= sheds.fromSeconds && afterSeconds < sheds.toSeconds;
  });
}

export function slownessAt(at: number, active: readonly SimulatedFault[], steadyAt: number): number {
  const slow = active.find(
    ({ kind, atSeconds, durationSeconds }) =>
      kind === 'latency' && at >= steadyAt + atSeconds * 1_000 && at < steadyAt + (atSeconds + durationSeconds) * 1_000,
  );
  return slow?.params.latencyMs ?? 0;
}

/** What injector, engine and watch say of a fault, from its time to the server's return. */
export function* faultEvents(fault: SimulatedFault, plan: Plan, steadyAt: number): Generator<EncoreEvent> {
  const { id: faultId, kind, target } = fault;
  const at = steadyAt + fault.atSeconds * 1_000;
  const bit = fault.bit ?? 'yes';
  yield { type: 'fault_due', at: at - 20, faultId, plannedAt: at };
  if (bit === 'unsupported') {
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
  yield { type: 'fault_injected', at: at + 4, faultId, kind, target, ...(isDeadly(fault) ? { engineAt: at } : {}) };
  yield {
    type: 'fault_bit',
    at: at + 60,
    faultId,
    bit,
    evidence: bit === 'yes' ? `the engine reported ${kind}` : 'nothing changed',
  };
  if (bit === 'yes' && isDeadly(fault)) yield* deathEvents(fault, at);
  const undoneAt =
    fault.durationSeconds === 0 ? at + 61 : steadyAt + (fault.atSeconds + fault.durationSeconds) * 1_000 - 5;
  const cause = fault.durationSeconds === 0 ? 'instant' : 'released';
  yield {
    type: 'fault_undone',
    at: undoneAt,
    faultId,
    verified: fault.undoVerified ?? true,
    cause,
    evidence: 'read back',
  };
}

function* deathEvents(fault: SimulatedFault, at: number): Generator<EncoreEvent> {
  const target = containerOf[fault.target];
  yield {
    type: 'engine_saw',
    at: at + 6,
    engineAt: at,
    target,
    action: 'kill',
    signal: fault.kind === 'crash' ? 'SIGQUIT' : 'SIGKILL',
  };
  yield {
    type: 'engine_saw',
    at: at + 25,
    engineAt: at + 20,
    target,
    action: 'die',
    exitCode: fault.kind === 'crash' ? 131 : 137,
  };
  yield { type: 'server_seen', at: at + 80, port: false, ready: false };
  const downMs = (fault.downSeconds ?? 1.5) * 1_000;
  if (!Number.isFinite(downMs)) return;
  const up = at + downMs;
  const actor = fault.startedBy ?? (fault.kind === 'crash' ? 'policy' : 'supervisor');
  yield {
    type: 'engine_saw',
    at: up - 590,
    engineAt: up - 600,
    target,
    action: 'start',
    restartCount: actor === 'policy' ? Math.ceil(fault.atSeconds) + 1 : 0,
  };
  yield { type: 'target_started', at: up - 590, engineAt: up - 600, target: 'server', actor, reason: actor };
  yield { type: 'server_seen', at: up - 200, port: true, ready: false };
  yield { type: 'server_seen', at: up, port: true, ready: true };
}

function isDeadly({ kind }: SimulatedFault): boolean {
  return kindTraits[kind].clock === 'kill';
}
