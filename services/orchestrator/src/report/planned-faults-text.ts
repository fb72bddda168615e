/** How many of the planned faults ran, and why the others did not; then what the plan had no room for. */
import type { Report } from '@encore/contracts';
import { counted } from '../judge/words.ts';

/** `9 of 11 ran, 2 skipped (2: its time had passed); 4 more had no room in the plan (4 of network: ...)`. */
export function plannedFaultsText({ planned_faults: { planned, ran, skipped, dropped } }: Report): string {
  const causes = skipped.map(({ reason, count }) => `${count}: ${reason}`).join('; ');
  const part = `${ran} of ${planned} ran, ${planned - ran} skipped${causes === '' ? '' : ` (${causes})`}`;
  if (dropped === null) return `${part}; what the plan had no room for was not recorded`;
  return dropped.length === 0 ? part : `${part}; ${droppedText(dropped)}`;
}

export function droppedText(dropped: NonNullable<Report['planned_faults']['dropped']>): string {
  const count = dropped.reduce((sum, one) => sum + one.count, 0);
  const causes = dropped.map(({ rule, reason, count }) => `${count} of ${rule}: ${reason}`).join('; ');
  return `${counted(count, 'more fault')} had no room in the plan (${causes})`;
}
