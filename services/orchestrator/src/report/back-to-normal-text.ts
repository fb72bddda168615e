/** How long after its recovery the system was back to normal, as text: never, or not known, must not look like a short time. */
import type { Report, ReportedFault } from '@encore/contracts';
import { counted } from '../judge/words.ts';
import { secondsText } from './format.ts';

/** `at most 4.2 s after recovery, measured for 20 of 23 recoveries (1 never, 2 unknown)`. */
export function backToNormalText({ back_to_normal: returns }: Report['recoveries']): string {
  const { measured, never, unknown, max_seconds: longest } = returns;
  const of = measured + never + unknown;
  if (of === 0) return 'no data';
  const rest = [never === 0 ? '' : `${never} never`, unknown === 0 ? '' : `${unknown} unknown`];
  const others = rest.filter((text) => text !== '').join(', ');
  const most = longest === null ? 'never seen' : `at most ${secondsText(longest, 1)} after recovery`;
  return `${most}, measured for ${measured} of ${counted(of, 'recovery', 'recoveries')}${others === '' ? '' : ` (${others})`}`;
}

/** `4.20 s`, `never`, `> 3.0 s (another fault began)`. */
export function returnText({ back_to_normal: one }: ReportedFault): string {
  if (one === null) return '–';
  if (one.state === 'never') return 'never';
  if (one.state === 'normal') return secondsText(one.seconds);
  const atLeast = (one.seconds ?? 0) > 0 ? `> ${secondsText(one.seconds, 1)}` : 'unknown';
  return `${atLeast} (${one.reason ?? 'not observed'})`;
}
