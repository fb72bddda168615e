/** What a fault does to the server, and how the server comes back: one panel for each thing that a kind of fault moves. */
import { type PanelSpec, rate, redFrom, shownTime } from './panel.ts';

export const effects: PanelSpec[] = [
  {
    title: 'Recovery time by kind',
    description:
      'The last recovery of each kind of fault: from the kill, or from the verified undo, to the first right answer of a user.',
    type: 'bargauge',
    unit: 's',
    width: 8,
    height: 9,
    link: 'live',
    min: 0,
    thresholds: redFrom(60),
    queries: [{ expr: 'max by (kind) (encore_run_last_recovery_seconds) >= 0', legend: '{{kind}}' }],
  },
  {
    title: 'Waiting for a recovery',
    description: 'How long users have been waiting for their first right answer, against the limit of the run.',
    type: 'timeseries',
    unit: 's',
    width: 8,
    height: 9,
    link: 'live',
    min: 0,
    queries: [
      { expr: 'max(encore_run_recovery_pending_seconds)', legend: 'waiting' },
      { expr: 'max(encore_run_recovery_limit_seconds)', legend: 'limit' },
      {
        expr: `histogram_quantile(0.95, sum by (le) (increase(encore_run_recovery_seconds_bucket[${shownTime}])))`,
        legend: 'p95 of all recoveries',
      },
    ],
  },
  {
    title: 'Who started the server',
    description:
      'Starts in the time shown: by the engine’s policy after a crash, by the supervisor after an outage or a hang, by an undo. A foreign start spoils the run. Beside them what the supervisor did.',
    type: 'bargauge',
    unit: 'short',
    width: 8,
    height: 9,
    link: 'lab',
    min: 0,
    queries: [
      {
        expr: `sum by (actor) (increase(chaos_target_starts_total{target="server"}[${shownTime}]))`,
        legend: '{{actor}}',
      },
      {
        expr: `sum by (act, result) (increase(encore_run_supervisor_acts_total[${shownTime}])) > 0`,
        legend: 'supervisor: {{act}}, {{result}}',
      },
    ],
  },
  {
    title: 'Memory of the server against its live limit',
    description: 'What the engine charges to the server, and the limit that holds now: a memory cap moves the limit.',
    type: 'timeseries',
    unit: 'bytes',
    width: 8,
    height: 9,
    link: 'server',
    min: 0,
    queries: [
      { expr: 'max(chaos_target_memory_bytes{target="server"})', legend: 'used' },
      { expr: 'max(chaos_target_memory_limit_bytes{target="server"})', legend: 'limit' },
    ],
  },
  {
    title: 'Circuit breakers',
    description: 'An open breaker refuses calls at once; half open, one call at a time may try.',
    type: 'state-timeline',
    unit: 'short',
    width: 8,
    height: 9,
    link: 'server',
    mappings: {
      0: { text: 'closed', color: 'green' },
      1: { text: 'half open', color: 'orange' },
      2: { text: 'open', color: 'red' },
    },
    queries: [{ expr: 'max by (breaker) (encore_server_breaker_state)', legend: '{{breaker}}' }],
  },
  {
    title: 'Sheds',
    description: 'Requests that the server refused to protect itself, by reason. Users are told when to come again.',
    type: 'timeseries',
    unit: 'reqps',
    width: 8,
    height: 9,
    link: 'server',
    stacked: true,
    min: 0,
    queries: [{ expr: `sum by (reason) (rate(encore_server_shed_total[${rate}]))`, legend: '{{reason}}' }],
  },
];
