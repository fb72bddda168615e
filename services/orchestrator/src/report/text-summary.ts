/**
 * Text summary for the terminal: the guide's block, then details, each kill, and each other fault
 * that broke the recovery limit.
 */

import { isKill, type Report, type ReportedFault } from '@encore/contracts';
import { pluralize } from '@encore/kit';
import { clockText, durationText, noEffectTexts, secondsText, thousands } from '../text.ts';
import {
  availabilityText,
  backToNormalText,
  capacityText,
  controlText,
  isLate,
  lateText,
  lostWritesText,
  plannedFaultsText,
  recoveryText,
  sampledText,
  servicesText,
  skippedText,
} from './phrases.ts';

const heavy = '='.repeat(80);
const light = '-'.repeat(80);
/** Enough for a day of hourly kills, twice; the report has all. */
const maxShown = 48;

/** The block has the lines and the order of the guide; other figures follow it. */
export function textSummary(report: Report, jsonPath?: string): string {
  const kills = report.faults.filter(isKill);
  const lines = [
    heavy,
    'PRODUCTION TEST SUMMARY',
    heavy,
    ...headOf(report),
    '',
    ...figuresOf(report, kills),
    ...(jsonPath === undefined ? [] : ['', `Full report saved to: ${jsonPath}`]),
    heavy,
    ...detailsOf(report),
    ...blocksOf(kills, 'Kill', report),
    ...blocksOf(
      report.faults.filter((fault) => !isKill(fault) && brokeLimit(fault, report)),
      'Slow recovery',
      report,
    ),
    heavy,
  ];
  return `${lines.join('\n')}\n`;
}

function headOf({ config, result, reasons, warnings, duration_seconds, observed_seconds, seed }: Report): string[] {
  const control = controlText(config);
  return [
    ...(control === null ? [] : [`This was ${control}.`]),
    `Duration: ${clockDuration(duration_seconds)} (${durationText(observed_seconds)} of load observed, seed ${seed})`,
    `Result: ${result}`,
    ...reasons.map((reason) => `  - ${reason}`),
    ...(warnings.length === 0 ? [] : ['Warnings:', ...warnings.map((warning) => `  - ${warning}`)]),
  ];
}

/** As in the guide, each attempt counts as a request. */
function figuresOf(report: Report, kills: readonly ReportedFault[]): string[] {
  const { totals, outcomes, recoveries, attribution } = report;
  const confirmed = report.faults.filter((fault) => fault.effect === 'confirmed');
  const killed = kills.filter((kill) => kill.effect === 'confirmed');
  const recovered = killed.filter((kill) => kill.recovery_seconds !== null);
  const explained = Object.values(attribution.explained).reduce((sum, count) => sum + count, 0);
  const late = lateText(recoveries);
  const worst = recoveries.failed > 0 ? 'worst: never' : `worst ${secondsText(recoveries.max_seconds, 1)}`;
  return [
    `Success Rate: ${rate(totals.attempt_success_rate)} of attempts, ${rate(totals.success_rate)} of ${pluralize(totals.operations, 'operation')} (including retries)`,
    `Total Requests: ${thousands(totals.attempts)} (${totals.requests_per_second}/s)`,
    `Failed Requests: ${thousands(totals.attempts - (outcomes.ok ?? 0))} (whole run: ${thousands(explained)} explained by faults, ${thousands(attribution.unexplained)} unexplained)`,
    `Total Recoveries: ${recoveries.count} (of ${pluralize(confirmed.length, 'fault')}; ${recovered.length} of ${pluralize(killed.length, 'kill')})${late && `, ${late}`}`,
    `Avg Recovery Time: ${recoveries.mean_seconds === null ? 'no data' : `${recoveries.mean_seconds.toFixed(1)}s`} (${worst})`,
  ];
}

function detailsOf(report: Report): string[] {
  const { capacity } = report;
  const sampled = sampledText(report);
  return [
    `Availability: ${availabilityText(report)}`,
    `Planned Faults: ${plannedFaultsText(report)}`,
    `Back to Normal: ${backToNormalText(report)}`,
    `Skipped Operations: ${skippedText(report)}`,
    `Lost Writes: ${lostWritesText(report)}${sampled === null ? '' : `; also sampled in fault-free windows: ${sampled}`}`,
    ...(capacity === null ? [] : [`Capacity: ${capacityText(capacity)}; not part of any other figure`]),
  ];
}

const rate = (share: number | null): string => (share === null ? 'no data' : `${(share * 100).toFixed(2)}%`);

/** `24:00:15`, as in the guide. */
function clockDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${Math.floor(whole / 3_600)}:${two(Math.floor((whole % 3_600) / 60))}:${two(whole % 60)}`;
}

const brokeLimit = (fault: ReportedFault, { recoveries }: Report): boolean =>
  fault.recovered_by === 'none' || isLate(fault, recoveries);

function blocksOf(faults: readonly ReportedFault[], name: string, report: Report): string[] {
  const more = faults.length - maxShown;
  return [
    ...faults
      .slice(0, maxShown)
      .flatMap((fault, index) => [light, ...blockOf(fault, `${name} ${index + 1} of ${faults.length}`, report)]),
    ...(more > 0 ? [`... and ${more} more of ${faults.length} (${name.toLowerCase()}), see the report`] : []),
  ];
}

function blockOf(fault: ReportedFault, title: string, { recoveries, recovery_of: recoveryOf }: Report): string[] {
  const { stages, recovered_by: by } = fault;
  const services = servicesText(fault);
  const at = fault.injected_at === null ? '' : ` at ${clockText(fault.injected_at)} UTC`;
  const head = `${title}: ${fault.kind} of ${fault.target}${at} (${fault.id}), `;
  // Without an effect there is nothing to recover from.
  if (fault.effect !== 'confirmed') return [`${head}${noEffectTexts[fault.effect]} (${fault.evidence})`];
  const end =
    fault.recovery_seconds === null
      ? 'not recovered'
      : `recovered by ${by ?? 'an unknown cause'} in ${recoveryText(fault, recoveries)}`;
  const steps: [number | null, string][] = [
    [fault.injected_at === null ? null : 0, `${isKill(fault) ? 'killed' : 'injected'} (${fault.evidence})`],
    [stages.detected, 'first failed request of a user or probe'],
    [stages.restarted, `process restarted${by === null || by === 'none' ? '' : ` by ${by}`}`],
    [stages.port, 'port accepts connections'],
    [stages.ready, `${recoveryOf} is ready`],
    [stages.first_success, `first correct response: recovered${isLate(fault, recoveries) ? ', too late' : ''}`],
    [stages.back_to_normal, 'back to normal'],
  ];
  return [
    `${head}${end}`,
    // In the order in which the steps happened.
    ...steps
      .filter((step): step is [number, string] => step[0] !== null)
      .sort(([a], [b]) => a - b)
      .map(([seconds, what]) => `  +${seconds.toFixed(3).padStart(8)} s  ${what}`),
    ...(services === '' ? [] : [`  services: ${services}`]),
    `  ${pluralize(fault.attempts_failed, 'failed attempt')} attributed to it`,
  ];
}
