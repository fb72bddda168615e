/** Figures that several parts compute in the same way. */
import { type EventOf, isNeutral } from '@encore/contracts';

/** Operations by how they ended. */
export type OperationCounts = EventOf<'load_second'>['operations'][string];

/** `part / whole`, or null if `whole` is 0. */
export function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

/** Percentile by nearest rank, so that the result is always a measured value. */
export function percentileOf(sorted: readonly number[], percentile: number): number | null {
  const rank = Math.max(1, Math.ceil((percentile / 100) * sorted.length));
  return sorted[rank - 1] ?? null;
}

/** Counts the attempts of a second whose outcome depends on the server. */
export function attemptsOf({ attempts }: Pick<EventOf<'load_second'>, 'attempts'>): { ok: number; failed: number } {
  const counts = { ok: 0, failed: 0 };
  for (const [outcome, count] of Object.entries(attempts))
    if (!isNeutral(outcome)) counts[outcome === 'ok' ? 'ok' : 'failed'] += count;
  return counts;
}

/** Sums the operations of a second over all kinds. */
export function operationsOf({ operations }: Pick<EventOf<'load_second'>, 'operations'>): OperationCounts {
  return Object.values(operations).reduce(sumOf, noOperations());
}

export const noOperations = (): OperationCounts => ({ ok: 0, failed: 0, unknown: 0, cancelled: 0, skipped: 0 });

export function sumOf(a: OperationCounts, b: OperationCounts): OperationCounts {
  return {
    ok: a.ok + b.ok,
    failed: a.failed + b.failed,
    unknown: a.unknown + b.unknown,
    cancelled: a.cancelled + b.cancelled,
    skipped: a.skipped + b.skipped,
  };
}
