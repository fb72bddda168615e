/** Everything that was seen of one fault, in milliseconds, and what follows from it. */
import type { Actor, Bit, EventOf, Healer, PlannedFault } from '@encore/contracts';
import { containerOf, kindTraits } from './kind-traits.ts';

/** The engine's events and deaths this soon after a fault's end still belong to it. */
export const settlingMs = 5_000;
/** An intent that is older than this says nothing about when the act began. */
const longestActMs = 5_000;

export type ReturnOutcome =
  | { state: 'normal'; at: number }
  /** Not within the bound, although the load was observed. */
  | { state: 'never' }
  /** The observation ended first. It was not normal until `lastAbnormalAt` at least. */
  | { state: 'censored'; lastAbnormalAt: number | null; reason: string };

export interface FaultRecord {
  fault: PlannedFault;
  intendedAt: number | null;
  injectedAt: number | null;
  bit: Bit | null;
  bitAt: number | null;
  evidence: string;
  skipped: { reason: string; unsupported: boolean } | null;
  undoneAt: number | null;
  undoVerified: boolean | null;
  undoCause: EventOf<'fault_undone'>['cause'] | null;
  /** The engine's die event of the target. */
  diedAt: number | null;
  /** Where the recovery's clock starts. */
  clockStartsAt: number | null;
  /** Only a request that began at or after this moment can prove recovery. */
  referenceAt: number | null;
  detectedAt: number | null;
  restartedAt: number | null;
  startedBy: Actor | null;
  restartCountBefore: number | null;
  restartCountAfter: number | null;
  portLost: boolean;
  portAt: number | null;
  readyLost: boolean;
  readyAt: number | null;
  answeredWhileHeld: boolean;
  firstSuccessAt: number | null;
  /** How the system came back to normal; null until the window is over. */
  returned: ReturnOutcome | null;
  /** When the window ended: with the fifth normal second in a row, with the next fault, or at the bound. */
  closedAt: number | null;
  /** Containers other than the fault's own that died in its window. */
  alsoDied: Map<string, number>;
  attemptsFailed: number;
}

export function newFaultRecord(fault: PlannedFault): FaultRecord {
  return {
    fault,
    intendedAt: null,
    injectedAt: null,
    bit: null,
    bitAt: null,
    evidence: '',
    skipped: null,
    undoneAt: null,
    undoVerified: null,
    undoCause: null,
    diedAt: null,
    clockStartsAt: null,
    referenceAt: null,
    detectedAt: null,
    restartedAt: null,
    startedBy: null,
    restartCountBefore: null,
    restartCountAfter: null,
    portLost: false,
    portAt: null,
    readyLost: false,
    readyAt: null,
    answeredWhileHeld: false,
    firstSuccessAt: null,
    returned: null,
    closedAt: null,
    alsoDied: new Map(),
    attemptsFailed: 0,
  };
}

export function isKill({ fault }: FaultRecord): boolean {
  return kindTraits[fault.kind].clock === 'kill';
}

export function containerOfFault({ fault }: FaultRecord): string {
  return containerOf[fault.target];
}

export function isUnsupported(record: FaultRecord): boolean {
  return record.bit === 'unsupported' || record.skipped?.unsupported === true;
}

/**
 * When the fault's effect may have begun: an act takes its time, and the injector writes its intent before and its injection
 * after it. Null while nothing was tried.
 */
export function beganAt({ intendedAt, injectedAt }: FaultRecord): number | null {
  if (intendedAt === null || injectedAt === null) return intendedAt ?? injectedAt;
  return Math.min(injectedAt, Math.max(intendedAt, injectedAt - longestActMs));
}

/** When the fault was over and recovered from, its aftermath not included; null while it is not. */
export function endOf(record: FaultRecord): number | null {
  const { bit, bitAt, injectedAt, undoneAt, firstSuccessAt, fault } = record;
  if (bit === 'refused' || bit === 'unsupported') return undoneAt ?? bitAt;
  const instant = isKill(record) && fault.durationSeconds === 0;
  const releasedAt = undoneAt ?? (instant ? (bitAt ?? injectedAt) : null);
  // What did not bite needs no recovery, but it may still be held.
  if (bit === 'no') return releasedAt;
  return releasedAt === null || firstSuccessAt === null ? null : Math.max(releasedAt, firstSuccessAt);
}

export type Recovery =
  | { state: 'recovered'; seconds: number }
  | { state: 'not_recovered' }
  | { state: 'unknown'; why: string }
  | { state: 'not_due' };

/** The gated figure. `observedUntil` is when the users were last heard of. */
export function recoveryOf(record: FaultRecord, observedUntil: number, limitSeconds: number): Recovery {
  if (record.bit !== 'yes') return { state: 'not_due' };
  if (record.clockStartsAt === null || record.referenceAt === null) {
    const missing = isKill(record) ? "the engine's die event" : 'the undo';
    return { state: 'unknown', why: `${missing} was not seen` };
  }
  if (record.firstSuccessAt !== null) {
    return { state: 'recovered', seconds: Math.max(0, record.firstSuccessAt - record.clockStartsAt) / 1_000 };
  }
  if (observedUntil - record.clockStartsAt < limitSeconds * 1_000) {
    return { state: 'unknown', why: `nobody asked for ${limitSeconds} s after it` };
  }
  return { state: 'not_recovered' };
}

/**
 * The stages of the recovery, in milliseconds. The direct watch looks every 50 to 100 ms, and the engine has its own clock, so
 * a stage may be seen only after a stronger observation has implied it: a port that answers implies a start, and a right
 * answer implies a port and a server that is ready. Such a stage counts from the stronger observation. Under a fault of the
 * database a right answer may come from the cache, so there it does not imply that the server is ready.
 */
export function stagesOf(
  record: FaultRecord,
): Record<'restartedAt' | 'portAt' | 'readyAt' | 'firstSuccessAt', number | null> {
  const { restartedAt, portAt, readyAt, firstSuccessAt, fault } = record;
  const needsDatabase = fault.target === 'postgres' || fault.target === 'database-link';
  const ready = notAfter(readyAt, needsDatabase ? null : firstSuccessAt);
  const port = notAfter(notAfter(portAt, ready), firstSuccessAt);
  const restarted = notAfter(notAfter(restartedAt, port), firstSuccessAt);
  return { restartedAt: restarted, portAt: port, readyAt: ready, firstSuccessAt };
}

function notAfter(at: number | null, boundAt: number | null): number | null {
  return at === null || boundAt === null ? at : Math.min(at, boundAt);
}

export type BackToNormal =
  | { state: 'normal'; seconds: number }
  | { state: 'never' }
  | { state: 'censored'; atLeastSeconds: number; reason: string };

/** Counted from the recovery on, so that a slow recovery is not blamed twice; null where nothing was recovered from. */
export function backToNormalOf(record: FaultRecord): BackToNormal | null {
  const endedAt = endOf(record);
  if (record.bit !== 'yes' || endedAt === null) return null;
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

/** Who ended the effect. A policy is believed only if the engine's own count of restarts rose. */
export function healerOf(record: FaultRecord, recovery: Recovery): Healer | null {
  if (recovery.state === 'not_recovered') return 'nobody';
  if (recovery.state !== 'recovered') return null;
  switch (record.startedBy) {
    case 'policy': {
      const { restartCountBefore: before, restartCountAfter: after } = record;
      return after === null || after > (before ?? 0) ? 'policy' : null;
    }
    case 'supervisor':
      return 'supervisor';
    case 'undo':
    case 'heal':
      return 'undo';
    case 'foreign':
      return 'external';
    case null:
      break;
  }
  if (record.undoCause === 'external') return 'external';
  const traits = kindTraits[record.fault.kind];
  if (record.diedAt !== null && (traits.clock === 'kill' || !traits.deathIsTheAct)) return null;
  return traits.bearable && record.answeredWhileHeld ? 'self' : 'undo';
}
