/** Computes windows, recoveries and returns to normal from the complete fault records. */
import { type Span, without } from '../events/span.ts';
import {
  backToNormalOf,
  beganAt,
  endOf,
  type FaultRecord,
  type Recovery,
  recoveredByOf,
  recoveryOf,
} from './fault-record.ts';

export type FinalizedFault = ReturnType<typeof finalizeFaults>[number];

export function finalizeFaults(
  records: Iterable<FaultRecord>,
  observedUntil: number,
  limitSeconds: number,
  engineLosses: readonly Span[] = [],
) {
  return [...records].map((record) => {
    const recovery = orUnknown(recoveryOf(record, observedUntil, limitSeconds), record, limitSeconds, engineLosses);
    const fromAt = beganAt(record);
    return {
      record,
      recovery,
      recoveredBy: recoveredByOf(record, recovery),
      /** Null if the system did not recover from the fault. */
      backToNormal: recovery.state === 'recovered' ? backToNormalOf(record) : null,
      /** When it was reverted and the system had recovered; null if it was never attempted. */
      endedAt: fromAt === null ? null : Math.max(fromAt, endOf(record) ?? observedUntil),
      /** From the earliest possible effect until the system was back to normal; null as above. */
      window: fromAt === null ? null : { fromAt, toAt: Math.max(fromAt, record.closedAt ?? observedUntil) },
    };
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
