/** Describes how Prometheus alerted on a fault. */
import type { ReportedFault, ReportedMonitoring } from '@encore/contracts';
import { secondsText } from './format.ts';

const texts: Record<Exclude<ReportedMonitoring['state'], 'seen'>, string> = {
  already_firing: 'was already firing',
  silent: 'no alert',
  not_alerting: 'none by design',
};

export function monitoringText({ effect, monitoring }: Pick<ReportedFault, 'effect' | 'monitoring'>): string {
  if (monitoring === null) return effect === 'confirmed' ? 'not monitored' : '–';
  const { state, alert, after_seconds: seconds } = monitoring;
  if (state === 'seen') return `${alert} after ${secondsText(seconds, 0)}`;
  return alert === null ? texts[state] : `${alert} ${texts[state]}`;
}
