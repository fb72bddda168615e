/** What follows from all records together, once the history is over: windows, recoveries, and returns to normal. */
import type { SettledFault } from './evidence.ts';
import type { FaultRecord } from './fault-record.ts';
import { backToNormalOf, beganAt, endOf, healerOf, type Recovery, recoveryOf } from './fault-record.ts';
import type { Span } from './span.ts';
import { without } from './span.ts';

export function settleFaults(
  records: Iterable<FaultRecord>,
  observedUntil: number,
  limitSeconds: number,
  engineLosses: readonly Span[] = [],
): SettledFault[] {
  return [...records].map((record) => {
    const recovery = orUnknown(recoveryOf(record, observedUntil, limitSeconds), record, limitSeconds, engineLosses);
    const fromAt = beganAt(record);
    const window = fromAt === null ? null : { fromAt, toAt: Math.max(fromAt, record.closedAt ?? observedUntil) };
    const endedAt = fromAt === null ? null : Math.max(fromAt, endOf(record) ?? observedUntil);
    const backToNormal = recovery.state === 'recovered' ? backToNormalOf(record) : null;
    return { record, recovery, healedBy: healerOf(record, recovery), backToNormal, endedAt, window };
  });
}

/** A target that does not come back while the engine is gone may be the engine's doing. */
function orUnknown(
  recovery: Recovery,
  { clockStartsAt }: FaultRecord,
  limitSeconds: number,
  engineLosses: readonly Span[],
): Recovery {
  if (recovery.state !== 'not_recovered' || clockStartsAt === null) return recovery;
  const limitAt = clockStartsAt + limitSeconds * 1_000;
  const isDisturbed = engineLosses.some(({ fromAt, toAt }) => fromAt <= limitAt && toAt >= clockStartsAt);
  return isDisturbed ? { state: 'unknown', why: 'the container engine did not respond' } : recovery;
}

/** Steady without every fault's window, and without the time in which the injector itself had failed. */
export function controlWindowsOf(
  steady: Span | null,
  faults: readonly SettledFault[],
  injectorFailures: readonly Span[],
): Span[] {
  if (steady === null) return [];
  const holes = faults.flatMap(({ window }) => (window === null ? [] : [window]));
  return without(steady, [...holes, ...injectorFailures]);
}
