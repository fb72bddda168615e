/** Describes how many planned faults ran, why the others did not, and what the plan had to drop. */
import type { Report } from '@encore/contracts';
import { pluralize } from '../text.ts';

/**
 * For example `9 of 11 ran, 2 skipped (2: its time had passed); 4 more faults did not fit into the
 * plan (...)`.
 */
export function plannedFaultsText({ planned_faults: { planned, ran, skipped, dropped } }: Report): string {
  const causes = skipped.map(({ reason, count }) => `${count}: ${reason}`).join('; ');
  const part = `${ran} of ${planned} ran, ${planned - ran} skipped${causes === '' ? '' : ` (${causes})`}`;
  return dropped.length === 0 ? part : `${part}; ${droppedText(dropped)}`;
}

export function droppedText(dropped: Report['planned_faults']['dropped']): string {
  const count = dropped.reduce((sum, one) => sum + one.count, 0);
  const causes = dropped.map(({ rule, reason, count }) => `${count} from rule ${rule}: ${reason}`).join('; ');
  return `${pluralize(count, 'more fault')} did not fit into the plan (${causes})`;
}
