/** Health of the lab itself: an unhealthy lab proves nothing about the system. */
import type { DashboardSpec } from './dashboard.ts';
import { colored, coloredFromOne, linked, type PanelSpec, rate, redFrom, shownTime, step } from './panel.ts';
import type { ShownSystem } from './shown-system.ts';

const size = { width: 8, height: 8 } as const;
const line = { type: 'timeseries', min: 0, ...size } as const;

const scrapes: PanelSpec = {
  title: 'Scrape targets up',
  description:
    'Every program that Prometheus scrapes, every 5 s. A killed one goes red; the orchestrator is up only during a run.',
  type: 'state-timeline',
  unit: 'short',
  width: 24,
  height: 7,
  link: 'alerts',
  mappings: { 0: { text: 'down', color: 'red' }, 1: { text: 'up', color: 'green' } },
  queries: [{ expr: `min by (job) (min_over_time(up[${step}]))`, legend: '{{job}}' }],
};

const containers: PanelSpec[] = [
  {
    ...line,
    title: 'CPU by container',
    description: 'CPUs in use, as reported by the engine.',
    unit: 'suffix:cores',
    link: 'inside',
    queries: [{ expr: `sum by (target) (rate(chaos_target_cpu_seconds_total[${rate}]))`, legend: '{{target}}' }],
  },
  {
    ...line,
    title: 'Memory by container',
    description: 'Without memory that the kernel can reclaim at once. No line should grow over a day.',
    unit: 'bytes',
    link: 'run',
    queries: [{ expr: 'max by (target) (chaos_target_memory_bytes)', legend: '{{target}}' }],
  },
  {
    ...line,
    title: 'Memory by container, share of its limit',
    description:
      'The current limit; without one, the memory of the machine. An alert fires above 75 %; the kernel kills the container at 100 %.',
    unit: 'percentunit',
    max: 1,
    link: 'alerts',
    thresholds: redFrom(0.75),
    queries: [{ expr: 'target:chaos_target_memory:ratio', legend: '{{target}}' }],
  },
];

const wholeNumber = { decimals: 0, min: 0, noValue: 'none' } as const;
const inShownTime = (grouping: string, metric: string): string =>
  `round(sum ${grouping}(increase(${metric}[${shownTime}])))`;

const injector = ({ proxies, entry }: ShownSystem): PanelSpec[] => [
  {
    ...wholeNumber,
    title: 'Effect checks',
    description:
      'Faults in the time shown by effect (confirmed, absent, ...), from an independent observation. The report lists refused and unsupported ones as not tested.',
    type: 'bargauge',
    unit: 'short',
    width: 6,
    height: 10,
    link: 'run',
    color: 'blue',
    overrides: [
      ...colored({ confirmed: 'green' }),
      ...coloredFromOne({ absent: 'red', refused: 'orange', unsupported: 'orange' }),
    ],
    queries: [{ expr: inShownTime('by (effect) ', 'chaos_fault_effects_total'), legend: '{{effect}}' }],
  },
  {
    ...wholeNumber,
    title: 'Faults by kind',
    description: 'Faults injected in the time shown, most frequent first.',
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
    ...wholeNumber,
    title: 'Injector',
    description:
      'In the time shown: failures of the injector itself, planned faults that were skipped, and faults verified as reverted. Also the active faults; none should remain after a run.',
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
      { expr: inShownTime('', 'chaos_faults_reverted_total'), legend: 'reverted' },
      { expr: 'sum(chaos_fault_active)', legend: 'active now' },
    ],
  },
  {
    title: 'Lateness, p95',
    description:
      'Delay between the planned time of a fault and its injection, p95 of the time shown. The seed fixes the plan, the machine its precision.',
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
  ...Object.keys(proxies).map(
    (proxy, index, { length }): PanelSpec => ({
      ...line,
      title: `Proxy traffic, ${proxy}`,
      // The last of an odd number fills its line.
      width: index === length - 1 && length % 2 === 1 ? 24 : 12,
      description: `Bytes per second into and out of Toxiproxy on the way to ${proxy}. A toxic that delays or drops data makes the two differ. Toxiproxy counts a connection’s bytes when it closes, so one that stays open shows late.`,
      unit: 'Bps',
      link: proxy === entry ? 'run' : 'inside',
      queries: proxyQueries(proxy),
    }),
  ),
];

const generator: PanelSpec[] = [
  {
    ...line,
    title: 'Late starts',
    description:
      'Share of operations and probes that the generator started late, over the last minute. Above 1 % its figures do not describe the system.',
    unit: 'percentunit',
    link: 'alerts',
    thresholds: redFrom(0.01),
    queries: [{ expr: 'job:loadgen_late_starts:ratio_rate1m', legend: 'late' }],
  },
  {
    ...line,
    title: 'Event loop delay of each program',
    description: 'p99 between two scrapes. The load generator’s must stay below 0.2 s.',
    unit: 's',
    link: 'alerts',
    queries: [{ expr: 'max by (job) (nodejs_eventloop_lag_p99_seconds)', legend: '{{job}}' }],
  },
  {
    ...line,
    title: 'Users',
    description: 'Users with an open session.',
    unit: 'short',
    decimals: 0,
    link: 'run',
    queries: [{ expr: 'sum(loadgen_users)', legend: 'users' }],
  },
  {
    ...line,
    title: 'User traffic',
    description: 'Bytes per second in request and response bodies.',
    unit: 'Bps',
    width: 16,
    link: 'run',
    queries: [{ expr: `sum by (direction) (rate(loadgen_bytes_total[${rate}]))`, legend: '{{direction}}' }],
  },
  {
    ...wholeNumber,
    title: 'Objects read back',
    description:
      'Acknowledged objects read back in the time shown, by samples during the run and by the final read-back.',
    type: 'stat',
    unit: 'short',
    ...size,
    link: 'run',
    color: 'text',
    queries: [{ expr: inShownTime('', 'loadgen_read_back_objects_total'), legend: 'objects' }],
  },
];

const monitoring: PanelSpec[] = [
  {
    ...line,
    title: 'Scrape duration',
    description: 'How long each program takes to return its metrics. The limit is 4 s; a frozen program reaches it.',
    unit: 's',
    link: 'inside',
    queries: [{ expr: 'max by (job) (scrape_duration_seconds)', legend: '{{job}}' }],
  },
  {
    ...line,
    title: 'CPU of Prometheus',
    description: 'CPU used by Prometheus for scrapes, rules and queries. It should stay below 2 % of one core.',
    unit: 'percentunit',
    link: 'inside',
    queries: [
      { expr: `sum(rate(process_cpu_seconds_total{job="prometheus"}[${rate}]))`, legend: 'CPU' },
      {
        expr: `sum(rate(prometheus_rule_group_duration_seconds_sum[${rate}]))`,
        legend: 'rule evaluation',
      },
    ],
  },
  {
    ...line,
    title: 'Memory and disk of Prometheus',
    description: 'Resident memory, and disk space of the stored samples. Retention is limited to 2 GB and 72 hours.',
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

function proxyQueries(proxy: string): PanelSpec['queries'] {
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

export const labDashboard = (system: ShownSystem): DashboardSpec => ({
  uid: linked.lab.uid,
  title: 'Encore: lab',
  description: 'The lab itself: its programs, the injector, the load generator, and the cost of monitoring.',
  panels: [scrapes],
  rows: [
    { title: 'Containers', collapsed: false, panels: containers },
    { title: 'Injector', collapsed: false, panels: injector(system) },
    { title: 'Load generator', collapsed: true, panels: generator },
    { title: 'Cost of monitoring', collapsed: true, panels: monitoring },
  ],
});
