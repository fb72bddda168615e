/** Phrases about a run that several formats of the report share. */

import type { Report, ReportedFault, ReportedMonitoring } from '@encore/contracts';
import { pluralize } from '@encore/kit';
import { durationText, millisecondsText, percentText, secondsText, thousands } from '../text.ts';

/** Keeps readers from mistaking the result of a control run for a failure. */
const controls: Readonly<Record<string, string>> = {
  'server-down': 'the control run server-down: the system is kept down on purpose, so the verdict must be FAILED',
  'noop-faults': 'the control run noop-faults: the faults do nothing on purpose, so the verdict must be INCONCLUSIVE',
};

/** Null for an ordinary run. Accepts the settings of a run or the config of a report. */
export function controlText({ control }: { control?: unknown }): string | null {
  return typeof control === 'string' ? (controls[control] ?? null) : null;
}

export function capacityText(capacity: NonNullable<Report['capacity']>): string {
  const { tool, connections, duration_seconds, requests_per_second, refused, lost, latency_ms } = capacity;
  const notAnswered = refused + lost === 0 ? '' : `, ${thousands(refused)} refused and ${thousands(lost)} lost`;
  const method = `${tool}, ${pluralize(connections, 'connection')}, ${durationText(duration_seconds)}`;
  return `${thousands(Math.round(requests_per_second))} requests/s without faults and users${notAnswered}, p99 ${millisecondsText(latency_ms.p99)} (${method})`;
}

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

/** A probe during the ramp may have been answered although no second of load was observed. */
export function availabilityText({ availability, observed_seconds: observed }: Report): string {
  if (observed === 0 || availability.overall === null) return 'not measured';
  return `${percentText(availability.overall)}, in fault-free windows ${percentText(availability.fault_free_windows, 3)}`;
}

export function skippedText({ totals: { skipped, success_rate_of_planned: rate } }: Report): string {
  return skipped === 0
    ? '0'
    : `${thousands(skipped)} (success rate of operations ${percentText(rate)} if they count as failures)`;
}

/**
 * `count` is null if unknown. `complete`: every acknowledged object was read back. `scope`: the
 * objects that were read back, as text.
 */
export function lostWrites({ integrity }: Report): { count: string | null; complete: boolean; scope: string } {
  const { acknowledged, read_back: readBack, lost } = integrity;
  const count = lost === null ? null : thousands(lost);
  if (acknowledged === null) return { count, complete: false, scope: 'no ledger' };
  if (readBack === acknowledged) {
    const others = lost !== null && lost > acknowledged ? ' and others, deleted after a sample' : '';
    return { count, complete: true, scope: `${thousands(acknowledged)} acknowledged${others}` };
  }
  const some = readBack === null || readBack === 0 ? 'none' : thousands(readBack);
  return { count, complete: false, scope: `${some} of ${thousands(acknowledged)} acknowledged read back` };
}

/** For example `0 of 401 acknowledged`, or `not verified, 270 of 273 acknowledged read back`. */
export function lostWritesText(report: Report): string {
  const { count, complete, scope } = lostWrites(report);
  return `${count ?? 'not verified'}${complete ? ' of ' : ', '}${scope}`;
}

/** Sample read-backs, for example `150 objects in 3 samples`; null without any. */
export function sampledText({ integrity: { samples, sampled } }: Report): string | null {
  return samples === 0 ? null : `${pluralize(sampled, 'object')} in ${pluralize(samples, 'sample')}`;
}

/** For example `3 × restart-policy, 1 × read-back`; a dash without any. */
export function restartsText({ restarts }: Report['resources'][string]): string {
  const texts = Object.entries(restarts).map(([cause, count]) => `${count} × ${cause}`);
  return texts.join(', ') || '–';
}

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

const monitoringTexts: Record<Exclude<ReportedMonitoring['state'], 'seen'>, string> = {
  already_firing: 'was already firing',
  silent: 'no alert',
  not_alerting: 'none by design',
};

export function monitoringText({ effect, monitoring }: Pick<ReportedFault, 'effect' | 'monitoring'>): string {
  if (monitoring === null) return effect === 'confirmed' ? 'not monitored' : '–';
  const { state, alert, after_seconds: seconds } = monitoring;
  if (state === 'seen') return `${alert} after ${secondsText(seconds, 0)}`;
  return alert === null ? monitoringTexts[state] : `${alert} ${monitoringTexts[state]}`;
}

/**
 * For example `db 1.2 s (engine), api 3.4 s (health check every 2 s)`; empty for a single service,
 * whose recovery is among the stages of the fault.
 */
export function servicesText({ services }: ReportedFault): string {
  if (services.length < 2) return '';
  return services
    .map(
      ({ service, seconds, ...how }) =>
        `${service} ${seconds === null ? 'not back before the next fault or the read-back' : secondsText(seconds)} (${sourceText(how)})`,
    )
    .join(', ');
}

function sourceText({
  source,
  resolution_seconds: every,
}: Pick<ReportedFault['services'][number], 'source' | 'resolution_seconds'>): string {
  const name = { ready: 'ready URL', 'health-check': 'health check', engine: 'engine' }[source];
  return every === null ? name : `${name} every ${every} s`;
}
