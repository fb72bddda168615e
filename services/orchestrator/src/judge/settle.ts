/** What follows from all records together, once the history is over: windows, recoveries, and returns to normal. */
import type { SettledFault } from './evidence.ts';
import type { FaultRecord } from './fault-record.ts';
import { backToNormalOf, beganAt, endOf, healerOf, recoveryOf } from './fault-record.ts';
import type { Span } from './span.ts';
import { without } from './span.ts';

export function settleFaults(
  records: Iterable<FaultRecord>,
  observedUntil: number,
  limitSeconds: number,
): SettledFault[] {
  return [...records].map((record) => {
    const recovery = recoveryOf(record, observedUntil, limitSeconds);
    const fromAt = beganAt(record);
    const window = fromAt === null ? null : { fromAt, toAt: Math.max(fromAt, record.closedAt ?? observedUntil) };
    const endedAt = fromAt === null ? null : Math.max(fromAt, endOf(record) ?? observedUntil);
    const backToNormal = recovery.state === 'recovered' ? backToNormalOf(record) : null;
    return { record, recovery, healedBy: healerOf(record, recovery), backToNormal, endedAt, window };
  });
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
