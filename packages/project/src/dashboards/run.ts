/** What users see, which fault is active, and what it does. */
import { phases } from '@encore/contracts';
import type { DashboardSpec } from './dashboard.ts';
import { bareLine, colored, linked, type PanelSpec, redBelow, redFrom, sinceTheRun, step } from './panel.ts';
import { containerRow, recoveryRow } from './run-effects.ts';
import { userRow } from './run-users.ts';
import type { ShownSystem } from './shown-system.ts';

const noRun = 'no run';
const figure = { type: 'stat', height: 4, noValue: noRun } as const;
/** Last value that the orchestrator exposed; it exits with its run. */
const lastOf = (metric: string): string => `last_over_time(${metric}[${sinceTheRun}])`;
const successRatio = `max(${lastOf('encore_run_success_ratio')})`;
const successLimit = `max(${lastOf('encore_run_success_limit_ratio')})`;
const tooLong = `max(${lastOf('encore_run_recovery_pending_seconds')}) > max(${lastOf('encore_run_recovery_limit_seconds')})`;
const mustBeZero = ['encore_run_wrong_writes', 'encore_run_slow_recoveries_total', 'encore_run_violations'];

const figures: PanelSpec[] = [
  {
    ...figure,
    title: 'Verdict so far',
    description:
      'Failing from the moment at which the run can no longer pass: the success rate is too low, a write was lost, a recovery took longer than its limit, the system stayed abnormal for too long, or something outside the lab acted on a target. It covers the whole run, whatever time is shown. The verdict itself is computed at the end from the recorded history and covers more.',
    unit: 'short',
    width: 4,
    link: 'live',
    filled: true,
    mappings: { 0: { text: 'PASSING', color: 'green' }, 1: { text: 'FAILING', color: 'red' } },
    queries: [
      {
        // Without a violation the left side has no series; then the phase shows that there is a
        // run.
        expr: `clamp_max(count(${[...mustBeZero.map((metric) => `${lastOf(metric)} > 0`), tooLong, `${successRatio} < ${successLimit}`].join(' or ')}), 1) or max(${lastOf('encore_run_phase')}) * 0`,
        legend: 'so far',
      },
    ],
  },
  {
    ...figure,
    title: 'Operation success rate',
    description:
      'Share of operations in this run with a correct response within their deadline and three attempts. Red below the minimum of the verdict, 95 % unless the scenario sets another.',
    unit: 'percentunit',
    decimals: 2,
    width: 4,
    link: 'live',
    max: 1,
    color: 'green',
    overrides: colored({ 'below minimum': 'red' }),
    queries: [
      { expr: `${successRatio} >= 0 unless ${successRatio} < ${successLimit}`, legend: 'right' },
      { expr: `${successRatio} < ${successLimit}`, legend: 'below minimum' },
    ],
  },
  {
    ...figure,
    title: 'Availability, 5 min',
    description:
      'Share of open-loop probes with a correct response within their deadline of one second, over the last 5 minutes. The alert ProbesFail fires below 90 %.',
    unit: 'percentunit',
    decimals: 1,
    width: 4,
    link: 'live',
    max: 1,
    thresholds: redBelow(0.9, 0.95),
    queries: [{ expr: 'job:loadgen_probes_ok:ratio_rate5m >= 0', legend: 'correct responses' }],
  },
  {
    ...figure,
    title: 'Must be 0',
    description:
      'In this run: writes that a read-back found lost, corrupt, duplicate or phantom; recoveries beyond the limit; other violations, which are slow returns to normal, wrong responses, unexpected exits, forced stops and manual interventions.',
    unit: 'short',
    decimals: 0,
    width: 5,
    link: 'live',
    thresholds: redFrom(1),
    queries: [
      { expr: `sum(${lastOf('encore_run_wrong_writes')})`, legend: 'writes' },
      { expr: `sum(${lastOf('encore_run_slow_recoveries_total')})`, legend: 'recoveries' },
      { expr: `sum(${lastOf('encore_run_violations')})`, legend: 'others' },
    ],
  },
  {
    ...figure,
    title: 'Response, p95',
    description: 'p95 of the latest correct responses to users, from the intended start of the operation.',
    unit: 's',
    width: 3,
    link: 'inside',
    color: 'text',
    queries: [
      {
        expr: 'histogram_quantile(0.95, sum by (le) (rate(loadgen_response_seconds_bucket[$__rate_interval]))) >= 0',
        legend: 'p95',
      },
    ],
  },
  {
    ...figure,
    title: 'Faults',
    description: 'Faults in the plan, faults injected so far, and faults with a confirmed effect.',
    unit: 'short',
    decimals: 0,
    width: 4,
    link: 'lab',
    color: 'text',
    queries: [
      { expr: `max(${lastOf('encore_run_faults_planned')})`, legend: 'planned' },
      { expr: `max(${lastOf('encore_run_faults_injected')})`, legend: 'injected' },
      { expr: `max(${lastOf('encore_run_faults_confirmed')})`, legend: 'confirmed' },
    ],
  },
];

/** Phases are values of 11 or more, so that one row shows them all; faults are 1. */
const phaseNames = [...phases, 'over'] as const;
const firstPhase = 11;
const phaseColor = (name: string): string => ({ steady: 'blue', over: 'text' })[name] ?? 'purple';

const timelines = ({ recoveryOf }: ShownSystem): PanelSpec[] => [
  {
    title: 'Phases and faults',
    description:
      'The phase of the run, and each fault on its target from injection to verified revert. An instant fault, or one shorter than two scrapes, is drawn for 10 s.',
    type: 'state-timeline',
    unit: 'short',
    width: 24,
    height: 10,
    link: 'lab',
    mappings: {
      1: { text: ' ', color: 'red' },
      ...Object.fromEntries(phaseNames.map((name, i) => [i + firstPhase, { text: name, color: phaseColor(name) }])),
    },
    queries: [
      {
        expr: `max(${phaseNames.map((name, i) => `max_over_time(encore_run_phase{phase="${name}"}[${step}]) * ${i + firstPhase}`).join(' or ')}) > 0`,
        legend: 'phase',
      },
      { expr: `max_over_time(kind_target:chaos_fault:active[${step}])`, legend: '{{kind}} on {{target}}' },
    ],
  },
  {
    title: 'Availability',
    description:
      'Share of probes in the last 10 s with a correct response, the minimum of each step: the shape of each outage. Also operations of the last minute, and whether the system is ready.',
    type: 'timeseries',
    unit: 'percentunit',
    width: 24,
    height: 6,
    link: 'alerts',
    min: 0,
    max: 1,
    overrides: [
      ...colored({ probes: 'green' }),
      bareLine('operations, 1 min', 'yellow'),
      bareLine(`${recoveryOf} ready`, 'blue'),
    ],
    queries: [
      { expr: `min(min_over_time(encore_run_ready[${step}]))`, legend: `${recoveryOf} ready` },
      { expr: `1 - max_over_time(job:loadgen_operations_failed:ratio_rate1m[${step}])`, legend: 'operations, 1 min' },
      // The last series is drawn on top.
      { expr: `min_over_time(job:loadgen_probes_ok:ratio_rate15s[${step}])`, legend: 'probes' },
    ],
  },
  {
    title: 'Firing alerts',
    description:
      'What monitoring noticed and when, by severity. The description of each alert names the fault kinds that are expected to raise it.',
    type: 'state-timeline',
    unit: 'short',
    width: 24,
    height: 4,
    link: 'alerts',
    noValue: 'No alert firing',
    mappings: {
      1: { text: 'info', color: 'blue' },
      2: { text: 'warning', color: 'orange' },
      3: { text: 'critical', color: 'red' },
    },
    queries: [
      {
        expr: `max by (alertname) (${['info', 'warning', 'critical'].map((severity, i) => `max_over_time(ALERTS{alertstate="firing",severity="${severity}"}[${step}]) * ${i + 1}`).join(' or ')})`,
        legend: '{{alertname}}',
      },
    ],
  },
];

/** `ownPanels` show what the system itself exposes. */
export const runDashboard = (system: ShownSystem, ownPanels: readonly PanelSpec[]): DashboardSpec => ({
  uid: linked.run.uid,
  title: 'Encore: run',
  description: 'One run: what users see, which fault is active, and what it does.',
  panels: [...figures, ...timelines(system)],
  rows: [userRow, recoveryRow(system), containerRow(system, ownPanels)],
});
