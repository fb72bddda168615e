/** Report in Markdown, for the summary page of a CI job. */
import type { Report } from '@encore/contracts';
import { figureText } from '../judge/rules/metric-table.ts';
import { bytesText, clockText, durationText, millisecondsText, percentText, secondsText, thousands } from '../text.ts';
import {
  capacityText,
  controlText,
  lateText,
  lostWritesText,
  monitoringText,
  plannedFaultsText,
  recoveryText,
  restartsText,
  returnText,
} from './phrases.ts';

const marks = { PASSED: '✅', FAILED: '❌', INCONCLUSIVE: '❔', INTERRUPTED: '⏹️' } as const;
const maxFaults = 60;

export function markdownSummary(report: Report): string {
  const { totals, recoveries, availability } = report;
  const control = controlText(report.config);
  const late = lateText(recoveries);
  return [
    `# ${marks[report.result]} Encore: ${report.result}`,
    '',
    ...(control === null ? [] : [`This was ${control}.`, '']),
    ...report.reasons.map((reason) => `- ${clean(reason)}`),
    ...(report.reasons.length === 0 ? [] : ['']),
    table(
      [
        'Operations succeeded',
        'Attempts succeeded',
        'Worst recovery',
        'Lost writes',
        'Availability (fault-free windows)',
        'Requests',
        'Duration',
      ],
      [
        [
          percentText(totals.success_rate),
          percentText(totals.attempt_success_rate),
          recoveries.failed > 0 ? 'never' : secondsText(recoveries.max_seconds) + (late && `; ${late}`),
          lostWritesText(report),
          percentText(availability.fault_free_windows, 3),
          thousands(totals.attempts),
          durationText(report.duration_seconds),
        ],
      ],
    ),
    '## Rules',
    table(
      ['', 'Rule', 'Measured', 'Note'],
      report.thresholds.map(({ name, expression, value, ok, note }) => [
        ok === null ? '❔' : ok ? '✅' : '❌',
        // Not a code span, which would show the escapes of a table cell.
        `${name}: ${expression}`,
        figureText(name, value),
        note ?? '',
      ]),
    ),
    ...warningsOf(report),
    `## Faults (${report.faults.length})`,
    `Planned: ${clean(plannedFaultsText(report))}.`,
    '',
    faultTable(report),
    '## Operations',
    table(
      ['Operation', 'Ok', 'Failed', 'Unknown', 'Skipped', 'p50', 'p99', 'Max'],
      Object.entries(report.operations).map(([name, { ok, failed, unknown, skipped, response_ms: ms }]) => [
        name,
        thousands(ok),
        thousands(failed),
        thousands(unknown),
        thousands(skipped),
        millisecondsText(ms?.p50),
        millisecondsText(ms?.p99),
        millisecondsText(ms?.max),
      ]),
    ),
    ...(report.capacity === null ? [] : [`Capacity: ${clean(capacityText(report.capacity))}.`, '']),
    '## Resources',
    table(
      ['Container', 'Memory peak', 'Limit', 'Slope per hour', 'Second half', 'Bounded by', 'Restarts'],
      Object.entries(report.resources).map(([name, one]) => [
        name,
        bytesText(one.memory_peak_bytes),
        bytesText(one.memory_limit_bytes),
        bytesText(one.memory_slope_bytes_per_hour),
        bytesText(one.memory_second_half_slope_bytes_per_hour),
        one.memory_bound ?? '',
        restartsText(one),
      ]),
    ),
    '<details><summary>Not tested</summary>',
    '',
    ...report.not_tested.map((text) => `- ${clean(text)}`),
    '',
    '</details>',
    '',
    `Run \`${report.run_id}\`, seed \`${report.seed}\`, plan \`${report.plan_hash.slice(0, 12)}\`.`,
    '',
  ].join('\n');
}

function warningsOf({ warnings }: Report): string[] {
  return warnings.length === 0 ? [] : ['## Warnings', '', ...warnings.map((warning) => `- ⚠️ ${clean(warning)}`), ''];
}

function faultTable({ faults, recoveries }: Report): string {
  const rows = faults
    .slice(0, maxFaults)
    .map((fault) => [
      fault.id,
      `${fault.kind} of ${fault.target}`,
      fault.injected_at === null ? '–' : clockText(fault.injected_at),
      fault.effect,
      `${fault.recovered_by ?? '–'}${fault.revert_cause === 'external' ? ', ended externally' : ''}`,
      recoveryText(fault, recoveries),
      returnText(fault),
      thousands(fault.attempts_failed),
      monitoringText(fault),
    ]);
  const more = faults.length > maxFaults ? `\n${faults.length - maxFaults} more in the report.\n` : '';
  return (
    table(
      ['Id', 'Fault', 'At (UTC)', 'Effect', 'Recovered by', 'Recovery', 'Back to normal', 'Failed attempts', 'Alert'],
      rows,
    ) + more
  );
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.map(clean).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line), ''].join('\n');
}

/** Escapes text from a run, so that it cannot become markup. */
function clean(text: string): string {
  return text.replace(/[|<>\\]/g, (character) => `\\${character}`).replace(/\s+/g, ' ');
}
