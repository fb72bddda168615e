/**
 * The server from inside: rate, errors and duration of its work; utilisation, saturation and errors
 * of its resources.
 */
import { colored, type DashboardSpec, limitLine, type PanelSpec, rate, step } from '@encore/project/dashboards';
import { database } from './database.ts';
import { bundled } from './system.ts';

const size = { width: 8, height: 8 } as const;
const line = { type: 'timeseries', min: 0, ...size } as const;
/**
 * Hides the capacity test: it sends ten times the load of the users and would flatten their lines.
 */
const outsideCapacityTest = `unless on () (max(max_over_time(encore_run_phase{phase=~"preflight|startup"}[${rate}])) == 1)`;

/**
 * Values of different meaning share one timeline, so each kind of value has its own range of ten.
 */
const states: PanelSpec = {
  title: 'States',
  description:
    'Memory level: from elevated on caches shrink, from high on they are dropped, at critical heavy work is rejected. PostgreSQL: whether it responds to its exporter, and the exporter to Prometheus; under a frozen database the scrape itself fails. Also each circuit breaker that is not closed.',
  type: 'state-timeline',
  unit: 'short',
  width: 24,
  height: 6,
  link: 'alerts',
  noValue: 'no data',
  mappings: {
    10: { text: 'normal', color: 'green' },
    11: { text: 'elevated', color: 'yellow' },
    12: { text: 'high', color: 'orange' },
    13: { text: 'critical', color: 'red' },
    20: { text: 'down', color: 'red' },
    21: { text: 'up', color: 'green' },
    31: { text: 'half-open', color: 'orange' },
    32: { text: 'open', color: 'red' },
  },
  queries: [
    { expr: `max(max_over_time(encore_server_memory_level[${step}])) + 10`, legend: 'memory level' },
    { expr: `min(min_over_time(pg_up[${step}])) + 20`, legend: 'PostgreSQL' },
    { expr: `min(min_over_time(up{job="postgres-exporter"}[${step}])) + 20`, legend: 'PostgreSQL exporter' },
    {
      expr: `(max by (breaker) (max_over_time(encore_server_breaker_state[${step}])) > 0) + 30`,
      legend: 'breaker {{breaker}}',
    },
  ],
};

const requests: PanelSpec[] = [
  {
    ...line,
    title: 'Responses by status',
    description:
      'Counted by the server; counts since the last scrape are lost when it is killed. Effect checks of network faults get 4xx, or 5xx while the server rejects work. Without the capacity test before the run.',
    unit: 'reqps',
    link: 'run',
    stacked: true,
    overrides: colored({ '2xx': 'green', '4xx': 'yellow', '5xx': 'red', aborted: 'purple' }),
    queries: [
      {
        expr: `sum by (status) (rate(encore_server_http_requests_total[${rate}])) ${outsideCapacityTest}`,
        legend: '{{status}}',
      },
    ],
  },
  {
    ...line,
    title: 'Requests by route',
    description:
      'Requests to the users’ port by route. The route other is an unknown path: effect checks of network faults use one, users do not. Without the capacity test before the run.',
    unit: 'reqps',
    link: 'run',
    stacked: true,
    queries: [
      {
        expr: `sum by (route) (rate(encore_server_http_requests_total[${rate}])) ${outsideCapacityTest}`,
        legend: '{{route}}',
      },
    ],
  },
  {
    ...line,
    title: 'Duration by route, p95',
    description:
      'From the head of a request to the end of its response, as measured by the server: without the network.',
    unit: 's',
    link: 'run',
    queries: [
      {
        expr: `histogram_quantile(0.95, sum by (le, route) (rate(encore_server_http_request_duration_seconds_bucket[${rate}])))`,
        legend: '{{route}}',
      },
    ],
  },
];

const tools: PanelSpec[] = [
  {
    ...line,
    title: 'Tool calls',
    description: 'Calls of each tool per second, whatever their outcome.',
    unit: 'ops',
    link: 'run',
    stacked: true,
    queries: [
      {
        expr: `sum by (tool) (rate(encore_server_tool_calls_total[${rate}])) > 0 ${outsideCapacityTest}`,
        legend: '{{tool}}',
      },
    ],
  },
  {
    ...line,
    title: 'Tool calls by result',
    description:
      'Failed calls count for the tool’s breaker; rejected ones were refused by the breaker or the memory guard.',
    unit: 'ops',
    link: 'alerts',
    overrides: colored({ ok: 'green', caller_fault: 'yellow', rejected: 'orange', failed: 'red' }),
    queries: [
      {
        expr: `sum by (result) (rate(encore_server_tool_calls_total[${rate}])) ${outsideCapacityTest}`,
        legend: '{{result}}',
      },
    ],
  },
  {
    ...line,
    title: 'Tool duration, p95',
    description: 'Work of one call of each tool, without waiting for a slot. Tools without calls are left out.',
    unit: 's',
    link: 'run',
    queries: [
      {
        expr: `histogram_quantile(0.95, sum by (le, tool) (rate(encore_server_tool_duration_seconds_bucket[${rate}]))) > 0`,
        legend: '{{tool}}',
      },
    ],
  },
];

const resources: PanelSpec[] = [
  {
    ...line,
    title: 'CPU',
    description: 'CPU of the main process, and of the whole container with its worker processes. The limit is 1 CPU.',
    unit: 'suffix:cores',
    link: 'lab',
    queries: [
      { expr: `sum(rate(process_cpu_seconds_total{job="server"}[${rate}]))`, legend: 'main process' },
      {
        expr: `sum(rate(chaos_target_cpu_seconds_total{target="${bundled.recoveryOf}"}[${rate}]))`,
        legend: 'container',
      },
    ],
  },
  {
    ...line,
    title: 'Memory measured by the server',
    description:
      'What the server’s memory guard counts, including child processes, and the current limit that it reads.',
    unit: 'bytes',
    link: 'run',
    overrides: [limitLine],
    queries: [
      { expr: `max(max_over_time(encore_server_memory_used_bytes[${step}]))`, legend: 'used' },
      { expr: `min(min_over_time(encore_server_memory_limit_bytes[${step}]))`, legend: 'limit' },
      { expr: 'max(nodejs_heap_size_used_bytes{job="server"})', legend: 'heap of the main process' },
    ],
  },
  {
    ...line,
    title: 'Event loop delay',
    description: 'How long ready work waits for the main thread. Parsing and analysis run in other processes.',
    unit: 's',
    link: 'lab',
    queries: [
      { expr: 'max(nodejs_eventloop_lag_p99_seconds{job="server"})', legend: 'p99' },
      { expr: 'max(nodejs_eventloop_lag_mean_seconds{job="server"})', legend: 'mean' },
    ],
  },
  {
    ...line,
    title: 'Request slots',
    description: 'Requests that hold a slot and requests that wait for one; further requests are rejected.',
    unit: 'short',
    link: 'run',
    queries: [
      { expr: 'max(encore_server_active_requests)', legend: 'open' },
      { expr: 'max(encore_server_admitted_requests)', legend: 'admitted' },
      { expr: 'max(encore_server_queued_requests)', legend: 'waiting' },
    ],
  },
  {
    ...line,
    title: 'Garbage collection',
    description: 'Share of time that the main process spends on garbage collection, by kind.',
    unit: 'percentunit',
    link: 'lab',
    queries: [
      { expr: `sum by (kind) (rate(nodejs_gc_duration_seconds_sum{job="server"}[${rate}]))`, legend: '{{kind}}' },
    ],
  },
  {
    ...line,
    title: 'Open file descriptors',
    description: 'Sockets and files of the main process. Growth in quiet times would be a leak.',
    unit: 'short',
    link: 'lab',
    queries: [{ expr: 'max(process_open_fds{job="server"})', legend: 'open' }],
  },
];

const pools: PanelSpec[] = [
  {
    ...line,
    title: 'Worker processes',
    description: 'Processes that parse and analyse uploads, and the jobs that wait for one.',
    unit: 'short',
    link: 'run',
    queries: [
      { expr: 'max(encore_server_worker_processes)', legend: 'running' },
      { expr: 'max(encore_server_worker_processes_busy)', legend: 'busy' },
      { expr: 'max(encore_server_worker_jobs_queued)', legend: 'waiting jobs' },
      { expr: `sum(rate(encore_server_worker_deaths_total[${rate}]))`, legend: 'exits per second' },
    ],
  },
  {
    ...line,
    title: 'Database connections of the server',
    description: 'The connection pool to PostgreSQL, which is reached through Toxiproxy.',
    unit: 'short',
    link: 'lab',
    queries: [
      { expr: 'max(encore_server_database_connections)', legend: 'open' },
      { expr: 'max(encore_server_database_connections_idle)', legend: 'idle' },
      { expr: 'max(encore_server_database_queries_queued)', legend: 'waiting queries' },
    ],
  },
  {
    ...line,
    title: 'Database errors',
    softMax: 1,
    description:
      'Queries that failed because of the database; writes without a response that were found by their key; reads rejected because the bytes were wrong.',
    unit: 'ops',
    link: 'lab',
    queries: [
      { expr: `sum(rate(encore_server_database_errors_total[${rate}]))`, legend: 'failed queries' },
      { expr: `sum(rate(encore_server_resolved_writes_total[${rate}]))`, legend: 'resolved writes' },
      { expr: `sum(rate(encore_server_corrupt_reads_total[${rate}]))`, legend: 'corrupt reads' },
    ],
  },
  {
    ...line,
    title: 'Caches and uploads',
    description: 'Bytes of parsed scores in memory, and of uploads in the scratch space, which a full disk takes away.',
    unit: 'bytes',
    link: 'run',
    queries: [
      { expr: 'max(encore_server_cached_scores_bytes)', legend: 'parsed scores' },
      { expr: 'max(encore_server_spool_bytes)', legend: 'uploads' },
    ],
  },
  {
    ...line,
    title: 'Scores',
    description:
      'Parsed scores in memory, documents that are quarantined because they killed their worker too often, and expired scores that were just removed.',
    unit: 'short',
    link: 'run',
    queries: [
      { expr: 'max(encore_server_cached_scores)', legend: 'in memory' },
      { expr: 'max(encore_server_quarantined_documents)', legend: 'quarantined' },
      { expr: `sum(increase(encore_server_swept_scores_total[${rate}]))`, legend: 'removed' },
    ],
  },
  {
    ...line,
    title: 'Bytes stored',
    description: 'Bytes of acknowledged writes per second, which the read-back will request.',
    unit: 'Bps',
    link: 'run',
    queries: [{ expr: `sum(rate(encore_server_stored_bytes_total[${rate}]))`, legend: 'stored' }],
  },
];

export const serverDashboard: DashboardSpec = {
  uid: 'encore-server',
  title: 'Encore: server',
  description: 'The server from inside: its work by route and tool, its resources, its pools and its database.',
  panels: [states],
  rows: [
    { title: 'Requests', collapsed: false, panels: requests },
    { title: 'Resources', collapsed: false, panels: resources },
    { title: 'Pools and tools', collapsed: true, panels: [...tools, ...pools] },
    { title: 'PostgreSQL', collapsed: true, panels: database },
  ],
};
