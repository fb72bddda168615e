/** Is the lab itself well? A lab that is not proves nothing about the server. */
import type { DashboardSpec } from './dashboard.ts';
import { colored, coloredFromOne, type PanelSpec, rate, redFrom, shownTime, step } from './panel.ts';

const size = { width: 8, height: 8 } as const;
const line = { type: 'timeseries', min: 0, ...size } as const;

const scrapes: PanelSpec = {
  title: 'Scrapes that were answered',
  description:
    'Every program of the lab, each 5 s. The server goes red in a kill; the orchestrator is there only while a run is on.',
  type: 'state-timeline',
  unit: 'short',
  width: 24,
  height: 7,
  link: 'alerts',
  mappings: { 0: { text: 'silent', color: 'red' }, 1: { text: 'answers', color: 'green' } },
  queries: [{ expr: `min by (job) (min_over_time(up[${step}]))`, legend: '{{job}}' }],
};

const containers: PanelSpec[] = [
  {
    ...line,
    title: 'CPU by container',
    description: 'CPUs in use, as the engine counts them. Each container is limited to 1 or less.',
    unit: 'suffix:cores',
    link: 'server',
    queries: [{ expr: `sum by (target) (rate(chaos_target_cpu_seconds_total[${rate}]))`, legend: '{{target}}' }],
  },
  {
    ...line,
    title: 'Memory by container',
    description: 'Without what the kernel could reclaim at once. Nothing here may grow over a day.',
    unit: 'bytes',
    link: 'run',
    queries: [{ expr: 'max by (target) (chaos_target_memory_bytes)', legend: '{{target}}' }],
  },
  {
    ...line,
    title: 'Memory by container, of its live limit',
    description: 'An alert speaks up from 75 % on; the kernel ends a container at 100 %.',
    unit: 'percentunit',
    max: 1,
    link: 'alerts',
    thresholds: redFrom(0.75),
    queries: [{ expr: 'target:chaos_target_memory:ratio', legend: '{{target}}' }],
  },
];

const counted = { decimals: 0, min: 0, noValue: 'none' } as const;
const inShownTime = (grouping: string, metric: string): string =>
  `round(sum ${grouping}(increase(${metric}[${shownTime}])))`;

const injector: PanelSpec[] = [
  {
    ...counted,
    title: 'Effect checks',
    description:
      'Did an independent observation confirm the effect of each fault, in the time shown? Refused and unsupported ones are listed as not tested.',
    type: 'bargauge',
    unit: 'short',
    width: 6,
    height: 10,
    link: 'run',
    color: 'blue',
    overrides: [
      ...colored({ yes: 'green' }),
      ...coloredFromOne({ no: 'red', refused: 'orange', unsupported: 'orange' }),
    ],
    queries: [{ expr: inShownTime('by (bit) ', 'chaos_fault_bites_total'), legend: '{{bit}}' }],
  },
  {
    ...counted,
    title: 'Faults by kind',
    description: 'Faults that were injected in the time shown, the most frequent first.',
    type: 'bargauge',
    unit: 'short',
    width: 10,
    height: 10,
    link: 'run',
    color: 'blue',
    queries: [
      { expr: `sort_desc(${inShownTime('by (kind) ', 'chaos_faults_injected_total')} > 0)`, legend: '{{kind}}' },
    ],
  },
  {
    ...counted,
    title: 'Injector',
    description:
      'Failures of the injector itself; planned faults that were skipped; faults that were verified as reverted, all in the time shown; and faults that are active now, of which none should be left after a run.',
    type: 'stat',
    unit: 'short',
    width: 4,
    height: 10,
    link: 'alerts',
    color: 'text',
    overrides: [...coloredFromOne({ failures: 'red', skipped: 'orange' }), ...colored({ 'active now': 'blue' })],
    queries: [
      { expr: inShownTime('', 'chaos_injector_failures_total'), legend: 'failures' },
      { expr: inShownTime('', 'chaos_faults_skipped_total'), legend: 'skipped' },
      { expr: inShownTime('', 'chaos_faults_undone_total'), legend: 'reverted' },
      { expr: 'sum(chaos_fault_active)', legend: 'active now' },
    ],
  },
  {
    title: 'Lateness, p95',
    description:
      'From the planned moment of a fault to its injection, p95 of the time shown. The seed fixes the plan, the machine its precision.',
    type: 'stat',
    unit: 's',
    width: 4,
    height: 10,
    link: 'run',
    color: 'text',
    noValue: 'none',
    queries: [
      {
        expr: `histogram_quantile(0.95, sum by (le) (increase(chaos_injection_lateness_seconds_bucket[${shownTime}]))) >= 0`,
        legend: 'p95',
      },
    ],
  },
  {
    ...line,
    title: 'Client link',
    width: 12,
    description:
      'Bytes per second into Toxiproxy on the way of the users, and out of it. A toxic that holds back or cuts makes the two differ.',
    unit: 'Bps',
    link: 'run',
    queries: linkQueries('client-link'),
  },
  {
    ...line,
    title: 'Database link',
    width: 12,
    description: 'The same between the server and PostgreSQL.',
    unit: 'Bps',
    link: 'server',
    queries: linkQueries('database-link'),
  },
];

const generator: PanelSpec[] = [
  {
    ...line,
    title: 'Late starts',
    description:
      'Share of operations and probes that the generator itself started late, in the last minute. Over 1 % its figures say nothing of the server.',
    unit: 'percentunit',
    link: 'alerts',
    thresholds: redFrom(0.01),
    queries: [{ expr: 'job:loadgen_late_starts:ratio_rate1m', legend: 'late' }],
  },
  {
    ...line,
    title: 'Event loop delay of each program',
    description: 'p99 between two scrapes. The generator’s must stay under 0.2 s.',
    unit: 's',
    link: 'alerts',
    queries: [{ expr: 'max by (job) (nodejs_eventloop_lag_p99_seconds)', legend: '{{job}}' }],
  },
  {
    ...line,
    title: 'Users',
    description: 'Users with a session.',
    unit: 'short',
    decimals: 0,
    link: 'run',
    queries: [{ expr: 'sum(loadgen_users)', legend: 'users' }],
  },
  {
    ...line,
    title: 'Bytes of the users',
    description: 'Bytes of bodies that the users send and receive.',
    unit: 'Bps',
    width: 16,
    link: 'run',
    queries: [{ expr: `sum by (direction) (rate(loadgen_bytes_total[${rate}]))`, legend: '{{direction}}' }],
  },
  {
    ...counted,
    title: 'Scores read back',
    description:
      'Acknowledged scores that were read back in the time shown, by samples during the run and by the final read-back.',
    type: 'stat',
    unit: 'short',
    ...size,
    link: 'run',
    color: 'text',
    queries: [{ expr: inShownTime('', 'loadgen_read_back_scores_total'), legend: 'scores' }],
  },
];

const watching: PanelSpec[] = [
  {
    ...line,
    title: 'Time of a scrape',
    description:
      'How long each program takes to tell its metrics. The limit is 4 s; under a freeze the server reaches it.',
    unit: 's',
    link: 'server',
    queries: [{ expr: 'max by (job) (scrape_duration_seconds)', legend: '{{job}}' }],
  },
  {
    ...line,
    title: 'CPU of Prometheus',
    description: 'CPU of Prometheus itself: scrapes, rules and queries. It should stay under 2 % of one core.',
    unit: 'percentunit',
    link: 'server',
    queries: [
      { expr: `sum(rate(process_cpu_seconds_total{job="prometheus"}[${rate}]))`, legend: 'CPU' },
      {
        expr: `sum(rate(prometheus_rule_group_duration_seconds_sum[${rate}]))`,
        legend: 'time spent with rules',
      },
    ],
  },
  {
    ...line,
    title: 'Memory and disk of Prometheus',
    description: 'Resident memory, and what the kept samples take on disk. The disk is limited to 2 GB and 72 hours.',
    unit: 'bytes',
    link: 'alerts',
    queries: [
      { expr: 'max(process_resident_memory_bytes{job="prometheus"})', legend: 'memory' },
      {
        expr: 'max(prometheus_tsdb_head_chunks_storage_size_bytes) + max(prometheus_tsdb_storage_blocks_bytes)',
        legend: 'disk',
      },
    ],
  },
];

function linkQueries(proxy: string): PanelSpec['queries'] {
  return [
    {
      expr: `sum by (direction) (rate(toxiproxy_proxy_received_bytes_total{proxy="${proxy}"}[${rate}]))`,
      legend: '{{direction}}, in',
    },
    {
      expr: `sum by (direction) (rate(toxiproxy_proxy_sent_bytes_total{proxy="${proxy}"}[${rate}]))`,
      legend: '{{direction}}, out',
    },
  ];
}

export const labDashboard: DashboardSpec = {
  uid: 'encore-lab',
  title: 'Encore: lab',
  description: 'The lab itself: its programs, the injector, the load generator, and what watching costs.',
  panels: [scrapes],
  rows: [
    { title: 'Containers', collapsed: false, panels: containers },
    { title: 'Injector', collapsed: false, panels: injector },
    { title: 'Load generator', collapsed: true, panels: generator },
    { title: 'Cost of watching', collapsed: true, panels: watching },
  ],
};
