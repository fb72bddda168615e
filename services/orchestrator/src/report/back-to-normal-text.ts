/** Describes how long the return to normal took, including "never" and "unknown". */
import type { Report, ReportedFault } from '@encore/contracts';
import { pluralize } from '../text.ts';
import { secondsText } from './format.ts';

/**
 * For example `at most 0.6 s after recovery, for all 11 recoveries`, or `measured for 7 of 11
 * recoveries, at most 0.6 s after recovery; 1 never; 3 unknown (another fault began: 2; the load
 * ended: 1), the longest still abnormal after 4.0 s`.
 */
export function backToNormalText({ recoveries, faults }: Report): string {
  const { measured, never, unknown, max_seconds: longest } = recoveries.back_to_normal;
  const all = measured + never + unknown;
  if (all === 0) return 'no data';
  const of = pluralize(all, 'recovery', 'recoveries');
  const maximum = longest === null ? '' : `at most ${secondsText(longest, 1)} after recovery`;
  if (measured === all) return `${maximum}, for all ${of}`;
  return [
    `measured for ${measured} of ${of}${maximum && `, ${maximum}`}`,
    ...(never === 0 ? [] : [`${never} never`]),
    ...(unknown === 0 ? [] : [`${unknown} unknown ${whyUnknown(faults)}`]),
  ].join('; ');
}

/** The reasons, and the longest time for which the system was observed to be abnormal. */
function whyUnknown(faults: readonly ReportedFault[]): string {
  const unknown = faults.flatMap(({ back_to_normal: one }) => (one?.state === 'unknown' ? [one] : []));
  const reasons = [...Map.groupBy(unknown, ({ reason }) => reason ?? 'not observed')];
  const text = reasons.map(([reason, { length }]) => `${reason}: ${length}`).join('; ');
  const atLeast = Math.max(0, ...unknown.map(({ seconds }) => seconds ?? 0));
  return `(${text})${atLeast === 0 ? '' : `, the longest still abnormal after ${secondsText(atLeast, 1)}`}`;
}

/** For example `4.20 s`, `never`, `> 3.0 s (another fault began)`. */
export function returnText({ back_to_normal: one }: ReportedFault): string {
  if (one === null) return '–';
  if (one.state === 'never') return 'never';
  if (one.state === 'normal') return secondsText(one.seconds);
  const atLeast = (one.seconds ?? 0) > 0 ? `> ${secondsText(one.seconds, 1)}` : 'unknown';
  return `${atLeast} (${one.reason ?? 'not observed'})`;
}
