/** What monitoring saw of a fault, in words. */
import type { ReportedFault, ReportedMonitoring } from '@encore/contracts';
import { secondsText } from './format.ts';

const words: Record<Exclude<ReportedMonitoring['state'], 'seen'>, string> = {
  already_firing: 'was firing already',
  silent: 'no alert',
  not_alerting: 'none by design',
};

export function monitoringText({ bit, monitoring }: Pick<ReportedFault, 'bit' | 'monitoring'>): string {
  if (monitoring === null) return bit === 'yes' ? 'not watched' : '–';
  const { state, alert, after_seconds: seconds } = monitoring;
  if (state === 'seen') return `${alert} after ${secondsText(seconds, 0)}`;
  return alert === null ? words[state] : `${alert} ${words[state]}`;
}
