/** Counts the scheduled faults: injected, skipped during the run, or dropped from the plan. */
import type { Report } from '@encore/contracts';
import type { Evidence } from '../evidence.ts';
import type { FaultRecord } from '../faults/fault-record.ts';

export function plannedFaultsOf({ plan, faults }: Pick<Evidence, 'plan' | 'faults'>): Report['planned_faults'] {
  const records = new Map(faults.map(({ record }) => [record.fault.id, record]));
  const skipped = new Map<string, number>();
  for (const { id } of plan.faults) {
    const reason = reasonOf(records.get(id));
    if (reason !== null) skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
  }
  const counts = [...skipped].map(([reason, count]) => ({ reason, count }));
  const planned = plan.faults.length;
  return {
    planned,
    ran: planned - counts.reduce((sum, { count }) => sum + count, 0),
    skipped: counts,
    dropped: plan.dropped,
  };
}

/** Why a planned fault was not injected; null if it was. Unreached faults have no record. */
function reasonOf(record: FaultRecord | undefined): string | null {
  if (record === undefined) return 'the run ended before its time';
  if (record.injectedAt !== null) return null;
  if (record.skipped !== null) return record.skipped.reason;
  return record.evidence === '' ? 'the history has no record of its injection' : record.evidence;
}
