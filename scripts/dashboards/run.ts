/** What the users see, which fault is on, and what it does. */
import type { DashboardSpec } from './dashboard.ts';
import { type PanelSpec, rate, redBelow, shownTime } from './panel.ts';
import { effects } from './run-effects.ts';

const wrongWrites = `sum(increase(loadgen_read_back_findings_total{finding=~"lost|corrupt|duplicate|phantom"}[${shownTime}]))`;
const slowRecoveries = `sum(increase(encore_run_slow_recoveries_total[${shownTime}]))`;

const figures: PanelSpec[] = [
  {
    title: 'Verdict so far',
    description:
      'Failing when under 95 % of operations were right, a write was lost, or a recovery took longer than its limit. The verdict itself is made from the recorded history at the end and looks at more.',
    type: 'stat',
    unit: 'short',
    width: 4,
    height: 5,
    link: 'live',
    mappings: { 0: { text: 'PASSING', color: 'green' }, 1: { text: 'FAILING', color: 'red' } },
    queries: [
      {
        expr: `clamp_max((max(encore_run_success_ratio) < bool 0.95) + (${wrongWrites} > bool 0) + (${slowRecoveries} > bool 0), 1)`,
        legend: 'so far',
      },
    ],
  },
  {
    title: 'Operations right',
    description:
      'Operations that were answered rightly within their deadline in at most three attempts, over all of this run. Green from 95 %, the limit of the verdict.',
    type: 'stat',
    unit: 'percentunit',
    width: 4,
    height: 5,
    link: 'live',
    max: 1,
    thresholds: redBelow(0.9, 0.95),
    queries: [{ expr: 'max(encore_run_success_ratio)', legend: 'right' }],
  },
  {
    title: 'Budget left',
    description: 'Of the 5 % of operations that may fail, how much is not used up. Below zero the run fails.',
    type: 'stat',
    unit: 'percentunit',
    width: 4,
    height: 5,
    link: 'alerts',
    max: 1,
    thresholds: redBelow(0, 0.25),
    queries: [{ expr: '1 - (1 - max(encore_run_success_ratio)) / 0.05', legend: 'left' }],
  },
  {
    title: 'Availability of 5 minutes',
    description:
      'Share of the open-loop probes that were answered rightly within their deadline of one second, over the last 5 minutes.',
    type: 'stat',
    unit: 'percentunit',
    width: 4,
    height: 5,
    link: 'live',
    max: 1,
    thresholds: redBelow(0.98, 0.999),
    queries: [{ expr: 'job:loadgen_probes_ok:ratio_rate5m', legend: 'right answers' }],
  },
  {
    title: 'Wrong writes and slow recoveries',
    description:
      'Writes that the read-backs found lost, corrupt, doubled or made up, and recoveries beyond the limit, in the time shown: both must be 0. Beside them, how many scores were read back.',
    type: 'stat',
    unit: 'short',
    width: 4,
    height: 5,
    link: 'live',
    queries: [
      { expr: wrongWrites, legend: 'writes' },
      { expr: slowRecoveries, legend: 'recoveries' },
      { expr: `sum(increase(loadgen_read_back_scores_total[${shownTime}]))`, legend: 'read back' },
    ],
  },
  {
    title: 'Faults',
    description: 'Faults in the plan, injected so far, and those whose effect was seen from outside.',
    type: 'stat',
    unit: 'short',
    width: 4,
    height: 5,
    link: 'lab',
    queries: [
      { expr: 'max(encore_run_faults_planned)', legend: 'planned' },
      { expr: 'max(encore_run_faults_injected)', legend: 'injected' },
      { expr: 'max(encore_run_faults_bit)', legend: 'bit' },
    ],
  },
];

const timelines: PanelSpec[] = [
  {
    title: 'Phases and faults',
    description:
      'The phase of the run, and each fault on its target from injection to verified undo. A kill holds nothing; what is shorter than two scrapes is drawn for ten seconds.',
    type: 'state-timeline',
    unit: 'short',
    width: 24,
    height: 8,
    link: 'lab',
    mappings: { 1: { text: 'on', color: 'red' }, 2: { text: 'phase', color: 'blue' } },
    queries: [
      { expr: 'max by (phase) (encore_run_phase) * 2 > 0', legend: 'phase {{phase}}' },
      { expr: 'kind_target:chaos_fault:active', legend: '{{kind}} on {{target}}' },
    ],
  },
  {
    title: 'Alerts that fire',
    description:
      'What monitoring noticed, and when. Each alert says in its description in which state it is expected under each kind of fault.',
    type: 'state-timeline',
    unit: 'short',
    width: 24,
    height: 6,
    link: 'alerts',
    mappings: { 1: { text: 'firing', color: 'orange' } },
    queries: [{ expr: 'max by (alertname, severity) (ALERTS{alertstate="firing"})', legend: '{{alertname}}' }],
  },
];

const users: PanelSpec[] = [
  {
    title: 'Requests by outcome',
    description:
      'HTTP requests per second as the users saw them. Every request ends in exactly one outcome; those that did not occur are left out. Beside them the operations that users skipped because they were too far behind.',
    type: 'timeseries',
    unit: 'reqps',
    width: 12,
    height: 9,
    link: 'server',
    stacked: true,
    min: 0,
    queries: [
      { expr: `sum by (outcome) (rate(loadgen_attempts_total[${rate}])) > 0`, legend: '{{outcome}}' },
      { expr: `sum(rate(loadgen_operations_skipped_total[${rate}])) > 0`, legend: 'skipped operations' },
    ],
  },
  {
    title: 'Availability',
    description:
      'Share of right answers among the probes of the last ten seconds: the shape of each outage. Beside it what the server says of itself.',
    type: 'timeseries',
    unit: 'percentunit',
    width: 12,
    height: 9,
    link: 'alerts',
    min: 0,
    max: 1,
    queries: [
      { expr: 'job:loadgen_probes_ok:ratio_rate15s', legend: 'probes' },
      { expr: '1 - job:loadgen_operations_failed:ratio_rate1m', legend: 'operations, 1 min' },
      { expr: 'max(encore_run_server_ready)', legend: 'server says ready' },
    ],
  },
  {
    title: 'Response time of right answers',
    description: 'From the intended start of an operation, so that an outage cannot hide behind requests that waited.',
    type: 'timeseries',
    unit: 's',
    width: 8,
    height: 9,
    link: 'server',
    min: 0,
    queries: [0.5, 0.95, 0.99].map((quantile) => ({
      expr: `histogram_quantile(${quantile}, sum by (le) (rate(loadgen_response_seconds_bucket[${rate}])))`,
      legend: `p${quantile * 100}`,
    })),
  },
  {
    title: 'Response time of probes',
    description:
      'One small question each tenth of a second, whatever became of the ones before: what a fault does to an answer, without the work that users have put off. Right answers only, within their second.',
    type: 'timeseries',
    unit: 's',
    width: 8,
    height: 9,
    link: 'server',
    min: 0,
    queries: [
      {
        expr: `sum(rate(loadgen_probe_seconds_sum[${rate}])) / sum(rate(loadgen_probe_seconds_count[${rate}]))`,
        legend: 'mean',
      },
      ...[0.5, 0.95].map((quantile) => ({
        expr: `histogram_quantile(${quantile}, sum by (le) (rate(loadgen_probe_seconds_bucket[${rate}])))`,
        legend: `p${quantile * 100}`,
      })),
    ],
  },
  {
    title: 'Response times, all of them',
    description: 'How many operations were answered in which time. A stall shows as a cloud that climbs.',
    type: 'heatmap',
    unit: 'short',
    width: 8,
    height: 9,
    link: 'server',
    queries: [{ expr: `sum by (le) (increase(loadgen_response_seconds_bucket[${rate}]))`, legend: '{{le}}' }],
  },
];

export const runDashboard: DashboardSpec = {
  uid: 'encore-run',
  title: 'Encore: run',
  description: 'One run: what the users see, which fault is on, and what it does.',
  panels: [...figures, ...timelines, ...users, ...effects],
};
