/** Is the lab itself well? A lab that is not proves nothing about the server. */
import type { DashboardSpec } from './dashboard.ts';
import { type PanelSpec, rate, redFrom, shownTime } from './panel.ts';

const size = { width: 8, height: 8 } as const;
const line = { type: 'timeseries', min: 0, ...size } as const;

const parts: PanelSpec[] = [
  {
    title: 'Scrapes that were answered',
    description:
      'Every program of the lab, each 5 s. The server goes red in a kill; the orchestrator is there only while a run is on.',
    type: 'state-timeline',
    unit: 'short',
    width: 24,
    height: 7,
    link: 'alerts',
    mappings: { 0: { text: 'silent', color: 'red' }, 1: { text: 'answers', color: 'green' } },
    queries: [{ expr: 'max by (job) (up)', legend: '{{job}}' }],
  },
  {
    ...line,
    title: 'CPU by container',
    description: 'CPUs in use, as the engine counts them. Each container is limited to 1 or less.',
    unit: 'short',
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

const injector: PanelSpec[] = [
  {
    title: 'Bite checks',
    description:
      'Did an independent look see the effect of each fault? Refused and unsupported ones are listed as not tested.',
    type: 'bargauge',
    unit: 'short',
    ...size,
    min: 0,
    link: 'run',
    queries: [{ expr: `sum by (bit) (increase(chaos_fault_bites_total[${shownTime}]))`, legend: '{{bit}}' }],
  },
  {
    title: 'Faults by kind',
    description:
      'Faults that were injected in the time shown; how many were verified as undone, and how many planned ones were skipped.',
    type: 'bargauge',
    unit: 'short',
    ...size,
    min: 0,
    link: 'run',
    queries: [
      { expr: `sum by (kind) (increase(chaos_faults_injected_total[${shownTime}])) > 0`, legend: '{{kind}}' },
      { expr: `sum(increase(chaos_faults_undone_total[${shownTime}]))`, legend: 'undone, all kinds' },
      { expr: `sum(increase(chaos_faults_skipped_total[${shownTime}]))`, legend: 'skipped, all kinds' },
    ],
  },
  {
    title: 'Trouble of the injector',
    description:
      'Failures of the injector itself, and faults that were injected and not yet verified as undone. Both should be 0 after a run.',
    type: 'stat',
    unit: 'short',
    ...size,
    link: 'alerts',
    thresholds: redFrom(1),
    queries: [
      { expr: `sum(increase(chaos_injector_failures_total[${shownTime}]))`, legend: 'failures' },
      { expr: 'sum(chaos_fault_active)', legend: 'held now' },
    ],
  },
  {
    ...line,
    title: 'Lateness of injections',
    description:
      'From the planned moment of a fault to its act, p95. The seed fixes the plan, the machine its precision.',
    unit: 's',
    link: 'run',
    points: true,
    queries: [
      {
        expr: `histogram_quantile(0.95, sum by (le) (increase(chaos_injection_lateness_seconds_bucket[${shownTime}])))`,
        legend: 'p95',
      },
    ],
  },
  {
    ...line,
    title: 'Client link',
    description:
      'Bytes per second into Toxiproxy on the way of the users, and out of it. A toxic that holds back or cuts makes the two differ.',
    unit: 'Bps',
    link: 'run',
    queries: linkQueries('client-link'),
  },
  {
    ...line,
    title: 'Database link',
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
    title: 'Users and their bytes',
    description: 'Users with a session, and the bytes of bodies that they send and receive.',
    unit: 'short',
    link: 'run',
    queries: [
      { expr: 'sum(loadgen_users)', legend: 'users' },
      { expr: `sum by (direction) (rate(loadgen_bytes_total[${rate}]))`, legend: 'bytes {{direction}} per second' },
    ],
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
    title: 'Cost of watching',
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
  panels: [...parts, ...injector, ...generator, ...watching],
};
