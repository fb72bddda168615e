/** Computes windows, recoveries and returns to normal from the complete fault records. */
import type { RecoveredBy } from '@encore/contracts';
import { type Span, without } from '../events/span.ts';
import {
  type BackToNormal,
  backToNormalOf,
  beganAt,
  endOf,
  type FaultRecord,
  type Recovery,
  recoveredByOf,
  recoveryOf,
} from './fault-record.ts';

export interface FinalizedFault {
  record: FaultRecord;
  recovery: Recovery;
  recoveredBy: RecoveredBy | null;
  /** Null if the system did not recover from the fault. */
  backToNormal: BackToNormal | null;
  /** When the fault was reverted and the system had recovered; null if it was never attempted. */
  endedAt: number | null;
  /** From the earliest possible effect until the system was back to normal; null as above. */
  window: Span | null;
}

export function finalizeFaults(
  records: Iterable<FaultRecord>,
  observedUntil: number,
  limitSeconds: number,
  engineLosses: readonly Span[] = [],
): FinalizedFault[] {
  return [...records].map((record) => {
    const recovery = orUnknown(recoveryOf(record, observedUntil, limitSeconds), record, limitSeconds, engineLosses);
    const fromAt = beganAt(record);
    const window = fromAt === null ? null : { fromAt, toAt: Math.max(fromAt, record.closedAt ?? observedUntil) };
    const endedAt = fromAt === null ? null : Math.max(fromAt, endOf(record) ?? observedUntil);
    const backToNormal = recovery.state === 'recovered' ? backToNormalOf(record) : null;
    return { record, recovery, recoveredBy: recoveredByOf(record, recovery), backToNormal, endedAt, window };
  });
}

/** A missing recovery is unknown if the container engine was lost and may have caused it. */
function orUnknown(
  recovery: Recovery,
  { clockStartsAt }: FaultRecord,
  limitSeconds: number,
  engineLosses: readonly Span[],
): Recovery {
  if (recovery.state !== 'not_recovered' || clockStartsAt === null) return recovery;
  const limitAt = clockStartsAt + limitSeconds * 1_000;
  const engineWasLost = engineLosses.some(({ fromAt, toAt }) => fromAt <= limitAt && toAt >= clockStartsAt);
  return engineWasLost ? { state: 'unknown', why: 'the container engine did not respond' } : recovery;
}

/** Steady without the windows of all faults and without the failures of the injector itself. */
export function faultFreeWindowsOf(
  steady: Span | null,
  faults: readonly FinalizedFault[],
  injectorFailures: readonly Span[],
): Span[] {
  if (steady === null) return [];
  const holes = faults.flatMap(({ window }) => (window === null ? [] : [window]));
  return without(steady, [...holes, ...injectorFailures]);
}
