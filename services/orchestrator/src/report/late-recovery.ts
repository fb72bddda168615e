/** Marks recoveries that exceeded the limit as too late, so that none looks fine. */
import type { Report, ReportedFault } from '@encore/contracts';
import { secondsText } from './format.ts';

type Recoveries = Report['recoveries'];

export function isLate({ recovery_seconds: seconds }: ReportedFault, { limit_seconds: limit }: Recoveries): boolean {
  return seconds !== null && seconds >= limit;
}

/** For example `2 too late (up to 98.0 s, limit 60 s)`; empty if none was late. */
export function lateText({ late, limit_seconds: limit, max_seconds: worst }: Recoveries): string {
  if (late === 0) return '';
  return `${late} too late (${late === 1 ? '' : 'up to '}${secondsText(worst, 1)}, limit ${limit} s)`;
}

/** For example `98.00 s, too late (limit 60 s)`, or only the duration. */
export function recoveryText(fault: ReportedFault, recoveries: Recoveries): string {
  const seconds = secondsText(fault.recovery_seconds);
  return isLate(fault, recoveries) ? `${seconds}, too late (limit ${recoveries.limit_seconds} s)` : seconds;
}
