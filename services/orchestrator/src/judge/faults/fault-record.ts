/** Observations of one fault (times in epoch milliseconds), and what follows from them. */
import {
  type Actor,
  type Behaviour,
  behaviourOf,
  type Effect,
  type EventOf,
  isKill,
  type PlannedFault,
  type PlannedSystem,
  type RecoveredBy,
} from '@encore/contracts';
import { containerOf, withoutNumber } from '@encore/kit';

/** Engine events this soon after a fault's end still belong to it. */
export const aftermathMs = 5_000;
/** An injection takes at most this long; an older intent does not show when it began. */
const maxInjectionMs = 5_000;

export type ReturnOutcome =
  | { state: 'normal'; at: number }
  /** Not within the bound, although load was observed. */
  | { state: 'never' }
  /** Observation ended first. The system was abnormal until `lastAbnormalAt` at least. */
  | { state: 'censored'; lastAbnormalAt: number | null; reason: string };

export class FaultRecord {
  readonly fault: PlannedFault;
  /** The container that the fault affects: for a proxy, the one that runs it. */
  readonly container: string;
  /** Other containers of the same name may answer while this one is down. */
  readonly isReplica: boolean;
  /** Neither on the container whose recovery is judged nor on the entry. */
  readonly isOnDependency: boolean;
  readonly behaviour: Behaviour;
  intendedAt: number | null = null;
  injectedAt: number | null = null;
  effect: Effect | null = null;
  effectCheckedAt: number | null = null;
  evidence = '';
  skipped: { reason: string; unsupported: boolean } | null = null;
  revertedAt: number | null = null;
  revertVerified: boolean | null = null;
  revertCause: EventOf<'fault_reverted'>['cause'] | null = null;
  /** Time of the engine's `die` event of the target. */
  diedAt: number | null = null;
  /** Start of the recovery time. */
  clockStartsAt: number | null = null;
  /** Only a request that began at or after this time can prove recovery. */
  referenceAt: number | null = null;
  detectedAt: number | null = null;
  restartedAt: number | null = null;
  startedBy: Actor | null = null;
  restartCountBefore: number | null = null;
  restartCountAfter: number | null = null;
  portLost = false;
  portAt: number | null = null;
  readyLost = false;
  readyAt: number | null = null;
  answeredWhileActive = false;
  firstSuccessAt: number | null = null;
  /** How the return to normal ended; null until the window is closed. */
  returned: ReturnOutcome | null = null;
  /** When the window closed: after five normal seconds, with the next fault, or at the bound. */
  closedAt: number | null = null;
  /** Other containers that died during the fault, with the time of death. */
  readonly alsoDied = new Map<string, number>();

  constructor(fault: PlannedFault, system: PlannedSystem) {
    this.fault = fault;
    this.container = containerOf(system, fault.target);
    this.isReplica = withoutNumber(fault.target) !== fault.target;
    this.isOnDependency = withoutNumber(fault.target) !== system.recoveryOf && fault.target !== system.entry;
    this.behaviour = behaviourOf(fault);
  }
}

export function isUnsupported(record: FaultRecord): boolean {
  return record.effect === 'unsupported' || record.skipped?.unsupported === true;
}

/** The fault was reverted; the recovery time of some kinds starts now. */
export function revert(record: FaultRecord, event: EventOf<'fault_reverted'>): void {
  if (record.revertVerified === true) return;
  record.closedAt = wasSkipped(record) && event.verified ? event.at : null;
  record.returned = null;
  record.revertedAt = event.at;
  record.revertVerified = event.verified;
  record.revertCause = event.cause;
  const { clock } = record.behaviour;
  if (clock === 'injection') record.referenceAt ??= event.at;
  // If the target died from the fault, the recovery time is already running.
  if (clock === 'revert' && (record.diedAt === null || record.behaviour.deathIsTheInjection)) {
    record.clockStartsAt = event.at;
    record.referenceAt = event.at;
    record.firstSuccessAt = null;
  }
}

/** The target died, by the fault or during it. */
export function die(record: FaultRecord, time: number): void {
  const { clock, deathIsTheInjection } = record.behaviour;
  const first = record.diedAt === null;
  record.diedAt ??= time;
  if (clock === 'revert' && deathIsTheInjection) return;
  if (clock === 'revert' && first) record.clockStartsAt = time;
  // A target that dies again before the fault has ended must start and respond again.
  record.referenceAt = time;
  record.firstSuccessAt = null;
  record.startedBy = null;
  record.restartedAt = null;
  record.portAt = null;
  record.readyAt = null;
}

/** Notes when port and readiness were lost, and when they were back. */
export function observeServer(record: FaultRecord, event: EventOf<'server_observed'>): void {
  if (!event.port || !event.ready) record.detectedAt ??= event.at;
  if (!event.port) record.portLost = true;
  else if (record.portLost) record.portAt ??= event.at;
  if (!event.ready) record.readyLost = true;
  else if (record.readyLost) record.readyAt ??= event.at;
}

/**
 * The earliest time at which the fault may have had an effect: between the recorded intent and the
 * recorded injection. Null if it was not attempted.
 */
export function beganAt({ intendedAt, injectedAt }: FaultRecord): number | null {
  if (intendedAt === null || injectedAt === null) return intendedAt ?? injectedAt;
  return Math.min(injectedAt, Math.max(intendedAt, injectedAt - maxInjectionMs));
}

/** When the fault was reverted and the system had recovered; null until then. */
export function endOf(record: FaultRecord): number | null {
  const { effect, effectCheckedAt, injectedAt, revertedAt, firstSuccessAt } = record;
  if (effect === 'refused' || effect === 'unsupported') return revertedAt ?? effectCheckedAt;
  const isOver = isKill(record.fault) && record.behaviour.holdSeconds === null;
  const releasedAt = revertedAt ?? (isOver ? (effectCheckedAt ?? injectedAt) : null);
  // A fault without effect needs no recovery, but may still be active.
  if (effect === 'absent') return releasedAt;
  return releasedAt === null || firstSuccessAt === null ? null : Math.max(releasedAt, firstSuccessAt);
}

/** True if the window of the fault overlaps the span. */
export function overlaps(record: FaultRecord, fromAt: number, toAt: number): boolean {
  const startsAt = beganAt(record);
  return startsAt !== null && startsAt <= toAt && (record.closedAt === null || fromAt <= record.closedAt);
}

/** True from the earliest effect of the fault until `aftermathMs` after its end. */
export function isOpen(record: FaultRecord, at: number): boolean {
  const startsAt = beganAt(record);
  if (startsAt === null || startsAt > at) return false;
  const endsAt = wasSkipped(record) ? record.closedAt : endOf(record);
  return endsAt === null || at <= endsAt + aftermathMs;
}

/** The fault was given up before its injection was known to have happened. */
export const wasSkipped = ({ skipped, injectedAt }: FaultRecord): boolean => skipped !== null && injectedAt === null;

/**
 * True if the container of the fault may have been back when the request began. A response may come
 * from another replica, or may not need the dependency. So a replica or dependency that died must
 * have started again, and a replica that was not ready must be ready again.
 */
export function isBack(record: FaultRecord, startedAt: number): boolean {
  const { isReplica, restartedAt, readyLost, readyAt } = record;
  if (isDown(record) || (mayBeBypassed(record) && restartedAt !== null && startedAt < restartedAt)) return false;
  return !isReplica || !readyLost || (readyAt !== null && startedAt >= readyAt);
}

/** The container died and has not started again, although responses may not show it. */
export const isDown = (record: FaultRecord): boolean =>
  mayBeBypassed(record) && record.diedAt !== null && record.restartedAt === null;

const mayBeBypassed = ({ isReplica, isOnDependency }: FaultRecord): boolean => isReplica || isOnDependency;

export type Recovery =
  | { state: 'recovered'; seconds: number }
  | { state: 'not_recovered' }
  | { state: 'unknown'; why: string }
  | { state: 'not_due' };

/** The recovery that the rule uses. `observedUntil`: time of the latest load data. */
export function recoveryOf(record: FaultRecord, observedUntil: number, limitSeconds: number): Recovery {
  if (record.effect !== 'confirmed') return { state: 'not_due' };
  if (record.clockStartsAt === null || record.referenceAt === null) {
    const missing = isKill(record.fault) ? "the engine's die event" : 'the revert';
    return { state: 'unknown', why: `${missing} was not observed` };
  }
  if (record.firstSuccessAt !== null) {
    return { state: 'recovered', seconds: Math.max(0, record.firstSuccessAt - record.clockStartsAt) / 1_000 };
  }
  if (observedUntil - record.clockStartsAt < limitSeconds * 1_000) {
    return { state: 'unknown', why: `the load ended within ${limitSeconds} s of it` };
  }
  return { state: 'not_recovered' };
}

/**
 * The stages of the recovery, in epoch milliseconds. The server watcher probes every 50 to 100 ms
 * and the engine has its own clock, so a stage may be observed later than a stronger one that
 * implies it: an open port implies a start, and a correct response implies an open port and a ready
 * server. Such a stage takes the time of the stronger observation. During a fault of a dependency a
 * correct response may come from a cache, and the port is that of the server, so there they imply
 * neither readiness nor a start.
 */
export function stagesOf(
  record: FaultRecord,
): Record<'restartedAt' | 'portAt' | 'readyAt' | 'firstSuccessAt', number | null> {
  const { restartedAt, portAt, readyAt, firstSuccessAt, isOnDependency } = record;
  const ready = notAfter(readyAt, isOnDependency ? null : firstSuccessAt);
  const port = notAfter(notAfter(portAt, ready), firstSuccessAt);
  const restarted = isOnDependency ? restartedAt : notAfter(notAfter(restartedAt, port), firstSuccessAt);
  return { restartedAt: restarted, portAt: port, readyAt: ready, firstSuccessAt };
}

function notAfter(at: number | null, boundAt: number | null): number | null {
  return at === null || boundAt === null ? at : Math.min(at, boundAt);
}

export type BackToNormal =
  | { state: 'normal'; seconds: number }
  | { state: 'never' }
  | { state: 'censored'; atLeastSeconds: number; reason: string };

/** Starts at the recovery, so that a slow one does not count twice; null without one. */
export function backToNormalOf(record: FaultRecord): BackToNormal | null {
  const endedAt = endOf(record);
  if (record.effect !== 'confirmed' || endedAt === null) return null;
  const { returned } = record;
  const since = (at: number | null): number => (at === null ? 0 : Math.max(0, at - endedAt) / 1_000);
  switch (returned?.state) {
    case 'normal':
      return { state: 'normal', seconds: since(returned.at) };
    case 'never':
      return { state: 'never' };
    case 'censored':
      return { state: 'censored', atLeastSeconds: since(returned.lastAbnormalAt), reason: returned.reason };
    case undefined:
      return { state: 'censored', atLeastSeconds: 0, reason: 'the run ended' };
  }
}

/** What ended the effect. A restart policy counts only if the engine's own restart count rose. */
export function recoveredByOf(record: FaultRecord, recovery: Recovery): RecoveredBy | null {
  if (recovery.state === 'not_recovered') return 'none';
  if (recovery.state !== 'recovered') return null;
  switch (record.startedBy) {
    case 'restart-policy': {
      const { restartCountBefore: before, restartCountAfter: after } = record;
      return after === null || after > (before ?? 0) ? 'restart-policy' : null;
    }
    case 'supervisor':
      return 'supervisor';
    case 'revert':
    case 'reconcile':
      return 'revert';
    case 'external':
      return 'external';
    case null:
      break;
  }
  if (record.revertCause === 'external') return 'external';
  const { clock, deathIsTheInjection, tolerable } = record.behaviour;
  if (record.diedAt !== null && (clock === 'kill' || !deathIsTheInjection)) return null;
  return tolerable && record.answeredWhileActive ? 'self' : 'revert';
}
