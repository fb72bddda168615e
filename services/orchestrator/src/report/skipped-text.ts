/** Number of skipped operations, and the success rate if each of them counts as a failure. */
import type { Report } from '@encore/contracts';
import { percentText, thousands } from './format.ts';

export function skippedText({ totals: { skipped, success_rate_of_planned: rate } }: Report): string {
  return skipped === 0
    ? '0'
    : `${thousands(skipped)} (success rate of operations ${percentText(rate)} if they count as failures)`;
}
