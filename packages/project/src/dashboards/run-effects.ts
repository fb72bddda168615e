/** How the system recovers, and what faults do to the container whose recovery is judged. */
import { coloredFromOne, limitLine, type PanelSpec, type RowSpec, shownTime, sinceTheRun, step } from './panel.ts';
import { type ShownSystem, targetMatcher } from './shown-system.ts';

const last = (metric: string): string => `last_over_time(${metric}[${sinceTheRun}])`;
/** The slowest kinds that fit into the panel, by the last fault of each kind. */
const slowest = (metric: string, limit: string): PanelSpec['queries'] => [
  {
    expr: `sort_desc(topk(9, max by (kind) (${last(metric)} >= 0) / on () group_left () max(${last(limit)})))`,
    legend: '{{kind}}',
  },
];
const shareOfLimit = {
  type: 'bargauge',
  unit: 'percentunit',
  decimals: 1,
  width: 8,
  height: 9,
  link: 'live',
  min: 0,
  max: 1,
  thresholds: [
    { color: 'green', value: null },
    { color: 'orange', value: 0.75 },
    { color: 'red', value: 1 },
  ],
} satisfies Partial<PanelSpec>;

export const recoveryRow = (system: ShownSystem): RowSpec => ({
  title: 'Recovery',
  collapsed: false,
  panels: [
    {
      ...shareOfLimit,
      title: 'Slowest recoveries, share of the limit',
      description:
        'The last recovery of each fault kind, as a share of the recovery limit of this run: from the kill, or from the verified revert, to the first correct response to a user. At 100 % the run fails.',
      noValue: 'no recovery yet',
      queries: slowest('encore_run_last_recovery_seconds', 'encore_run_recovery_limit_seconds'),
    },
    {
      ...shareOfLimit,
      title: 'Back to normal, share of the limit',
      description:
        'How long success rate and response times stayed abnormal after the last recovery of each kind, as a share of the limit of this run. Not measurable if the next fault began earlier. At 100 % the run fails.',
      noValue: 'nothing measured yet',
      queries: slowest('encore_run_last_back_to_normal_seconds', 'encore_run_back_to_normal_limit_seconds'),
    },
    {
      title: `Who started ${system.recoveryOf}`,
      description:
        'Starts in the time shown: by the engine’s policy after a crash, by the supervisor after an outage or a hang, or by a revert. An external start fails the run. Also what the supervisor requested, and the outcome.',
      type: 'bargauge',
      unit: 'short',
      decimals: 0,
      width: 8,
      height: 9,
      link: 'lab',
      min: 0,
      noValue: 'no start',
      color: 'blue',
      overrides: coloredFromOne({
        external: 'red',
        'start: failed': 'red',
        'restart: failed': 'red',
        'start: refused': 'orange',
        'restart: refused': 'orange',
      }),
      queries: [
        {
          expr: `round(sum by (actor) (increase(chaos_target_starts_total{${targetMatcher(system)}}[${shownTime}])))`,
          legend: '{{actor}}',
        },
        {
          expr: `round(sum by (action, result) (increase(encore_run_supervisor_actions_total[${shownTime}]))) > 0`,
          legend: '{{action}}: {{result}}',
        },
      ],
    },
    {
      title: 'Pending recovery',
      description: 'How long users have been waiting for their first correct response, against the limit of the run.',
      type: 'timeseries',
      unit: 's',
      width: 20,
      height: 6,
      link: 'live',
      min: 0,
      overrides: [limitLine],
      queries: [
        { expr: `max(max_over_time(encore_run_recovery_pending_seconds[${step}]))`, legend: 'waiting' },
        { expr: 'max(encore_run_recovery_limit_seconds)', legend: 'limit' },
      ],
    },
    {
      title: 'Recoveries, p95',
      description: 'p95 of all recoveries in the time shown.',
      type: 'stat',
      unit: 's',
      width: 4,
      height: 6,
      link: 'live',
      color: 'text',
      noValue: 'none',
      queries: [
        {
          expr: `histogram_quantile(0.95, sum by (le) (increase(encore_run_recovery_seconds_bucket[${shownTime}]))) >= 0`,
          legend: 'p95',
        },
      ],
    },
  ],
});

export const containerRow = (system: ShownSystem, ownPanels: readonly PanelSpec[]): RowSpec => ({
  title: system.recoveryOf,
  collapsed: false,
  panels: [memory(system, 24 - ownPanels.reduce((sum, { width }) => sum + width, 0)), ...ownPanels],
});

function memory(system: ShownSystem, width: number): PanelSpec {
  const { recoveryOf, hasMemoryLimit } = system;
  const targets = targetMatcher(system);
  const used = { expr: `max(max_over_time(chaos_target_memory_bytes{${targets}}[${step}]))`, legend: 'used' };
  const limit = { expr: `min(min_over_time(chaos_target_memory_limit_bytes{${targets}}[${step}]))`, legend: 'limit' };
  return {
    title: `Memory of ${recoveryOf}`,
    description: hasMemoryLimit
      ? 'Memory that the engine charges to the container, and its current limit: a memory cap lowers the limit.'
      : 'Memory that the engine charges to the container, which has no memory limit.',
    type: 'timeseries',
    unit: 'bytes',
    width,
    height: 9,
    link: 'inside',
    min: 0,
    overrides: hasMemoryLimit ? [limitLine] : [],
    queries: hasMemoryLimit ? [used, limit] : [used],
  };
}
