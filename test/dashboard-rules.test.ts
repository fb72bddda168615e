/**
 * Rules against misleading dashboards, found by drawing them: colours, windows and sizes that
 * mislead on a long run. Each rule is tested on a dashboard that breaks it.
 */
import assert from 'node:assert/strict';
import { outcomes } from '@encore/contracts';
import { describe, it } from 'mocha';
import { allDashboards, bundledDashboards } from './support/all-dashboards.ts';
import { type Dashboard, isRow, type Panel, panelsOf } from './support/dashboard-panels.ts';
import { selectorsOf } from './support/promql.ts';

/** Returns the problems of a dashboard, one line each. */
type Rule = (dashboard: Dashboard) => string[];

const isFigure = ({ type }: Panel): boolean => type === 'stat' || type === 'bargauge';
const ofPanels =
  (find: (panel: Panel, dashboard: Dashboard) => string[]): Rule =>
  (dashboard) =>
    panelsOf(dashboard).flatMap((panel) => find(panel, dashboard).map((text) => `${panel.title}: ${text}`));
const overridden = ({ fieldConfig }: Panel): string[] => fieldConfig.overrides.map(({ matcher }) => matcher.options);
/** Names with a good or bad meaning wherever they appear. */
const meaningful = new Set<string>([
  ...outcomes,
  'overloaded',
  '2xx',
  '4xx',
  '5xx',
  'limit',
  'external',
  'no',
  'skipped',
  'failures',
]);
/** Values of the labels used in legends; values of other labels have no fixed meaning. */
const valuesOf: Partial<Record<string, readonly string[]>> = {
  '{{outcome}}': outcomes,
  '{{status}}': ['2xx', '4xx', '5xx', 'aborted'],
  '{{result}}': ['ok', 'caller_fault', 'failed', 'rejected'],
  '{{reason}}': ['overloaded', 'rate_limited', 'draining', 'memory'],
  '{{actor}}': ['external'],
  '{{effect}}': ['absent'],
};
/** Limits that a scenario sets, and the metric that exposes each. */
const limits = [
  { metric: /^encore_run_(last_)?recovery(_pending)?_seconds$/, limit: 'encore_run_recovery_limit_seconds' },
  {
    metric: /^encore_run_last_back_to_normal_seconds$/,
    limit: 'encore_run_back_to_normal_limit_seconds',
  },
  { metric: /^encore_run_success_ratio$/, limit: 'encore_run_success_limit_ratio' },
];
const maxHeight = 36;
/** At a width of 1600 pixels; a longer title is cut. */
const charactersOf = ({ w }: Panel['gridPos']): number => w * 5.5;

const rules: Record<string, Rule> = {
  'a figure has an explicit colour and an instant query': ofPanels((panel) => {
    if (!isFigure(panel)) return [];
    const { thresholds, mappings, color } = panel.fieldConfig.defaults;
    return [
      ...(thresholds || mappings || color?.mode === 'fixed' ? [] : ['green below 80, red from 80 on, by default']),
      ...(panel.targets.every(({ instant, range }) => instant === true && range === false) ? [] : ['not instant']),
    ];
  }),
  'the time shown changes neither charts nor verdict': ofPanels((panel) =>
    panel.targets
      .filter(({ expr }) => expr.includes('$__range') && (!isFigure(panel) || /verdict/i.test(panel.title)))
      .map(({ expr }) => expr),
  ),
  'a state timeline shows events between two steps': ofPanels((panel, { annotations }) => {
    if (panel.type !== 'state-timeline') return [];
    const sampled = panel.targets
      .flatMap(({ expr }) => selectorsOf(expr))
      .filter(({ inside, window }) => !/^(max|min)_over_time$/.test(inside ?? '') || window !== '$__interval');
    const annotated = annotations.list.some(({ filter }) => !filter.exclude || !filter.ids.includes(panel.id));
    return [
      ...sampled.map(({ metric }) => `${metric} is sampled`),
      ...((panel.options.perPage ?? 0) >= 40 ? [] : ['rows on a second page']),
      ...(annotated ? ['faults are drawn over it'] : []),
    ];
  }),
  'a name with a meaning has its colour': ofPanels((panel) => {
    const names = panel.targets.flatMap(({ legendFormat }) => valuesOf[legendFormat] ?? [legendFormat]);
    const bad = names.filter((name) => meaningful.has(name) && !overridden(panel).includes(name));
    return bad.map((name) => `${name} has no explicit colour`);
  }),
  'a limit of the scenario is read from the run': ofPanels(({ fieldConfig, targets }) => {
    const exprs = targets.map(({ expr }) => expr).join(' ');
    const metrics = selectorsOf(exprs).map(({ metric }) => metric);
    const set = limits.filter(({ metric }) => metrics.some((name) => metric.test(name)));
    const fixed = fieldConfig.defaults.thresholds !== undefined || /[<>] ?(bool )?0?\.\d/.test(exprs);
    return set
      .filter(({ limit }) => fixed && !metrics.includes(limit))
      .map(({ limit }) => `a constant instead of ${limit}`);
  }),
  'at most one page without a row': (dashboard) => {
    const { panels } = dashboard;
    const bottom = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h));
    const starts = [0, ...panels.filter(isRow).map(({ gridPos }) => gridPos.y), bottom];
    return starts
      .slice(1)
      .flatMap((y, i) => (y - (starts[i] ?? 0) > maxHeight ? [`${y - (starts[i] ?? 0)} units`] : []));
  },
  'a title fits its panel': ofPanels(({ title, gridPos }) =>
    title.length > charactersOf(gridPos) ? [`${title.length} characters in ${gridPos.w} units`] : [],
  ),
};

/** A copy of the run's dashboard with one panel changed. */
function broken(title: string, change: (panel: Panel, dashboard: Dashboard) => void): Dashboard {
  const copy = structuredClone(bundledDashboards['run']);
  assert.ok(copy);
  const panel = panelsOf(copy).find((one) => one.title === title);
  assert.ok(panel, title);
  change(panel, copy);
  return copy;
}
const firstQuery = (expr: string) => (panel: Panel) => {
  for (const target of panel.targets.slice(0, 1)) target.expr = expr;
};

const breaks: [rule: keyof typeof rules, dashboard: Dashboard, finding: RegExp][] = [
  [
    'a figure has an explicit colour and an instant query',
    broken('Faults', ({ fieldConfig }) => delete fieldConfig.defaults.color),
    /^Faults: green below 80/,
  ],
  [
    'a figure has an explicit colour and an instant query',
    broken('Faults', ({ targets }) => delete targets[1]?.instant),
    /^Faults: not instant/,
  ],
  [
    'the time shown changes neither charts nor verdict',
    broken('Verdict so far', firstQuery('sum(increase(encore_run_slow_recoveries_total[$__range]))')),
    /^Verdict so far: sum/,
  ],
  [
    'the time shown changes neither charts nor verdict',
    broken('Pending recovery', firstQuery('max_over_time(encore_run_recovery_pending_seconds[$__range])')),
    /^Pending recovery: /,
  ],
  [
    'a state timeline shows events between two steps',
    broken('Phases and faults', firstQuery('kind_target:chaos_fault:active')),
    /^Phases and faults: kind_target:chaos_fault:active is sampled/,
  ],
  [
    'a state timeline shows events between two steps',
    broken('Phases and faults', ({ options }) => delete options.perPage),
    /: rows on a second page/,
  ],
  [
    'a state timeline shows events between two steps',
    broken('Phases and faults', (_panel, { annotations }) => {
      for (const { filter } of annotations.list) filter.ids.shift();
    }),
    /^Phases and faults: faults are drawn over it/,
  ],
  [
    'a name with a meaning has its colour',
    broken('Requests by outcome', ({ fieldConfig }) => fieldConfig.overrides.shift()),
    /^Requests by outcome: ok has/,
  ],
  [
    'a name with a meaning has its colour',
    broken('Pending recovery', ({ fieldConfig }) => fieldConfig.overrides.pop()),
    /^Pending recovery: limit has/,
  ],
  [
    'a limit of the scenario is read from the run',
    broken('Slowest recoveries, share of the limit', firstQuery('max by (kind) (encore_run_last_recovery_seconds)')),
    /a constant instead of encore_run_recovery_limit_seconds/,
  ],
  [
    'a limit of the scenario is read from the run',
    broken('Verdict so far', firstQuery('max(encore_run_success_ratio) < bool 0.95')),
    /a constant instead of encore_run_success_limit_ratio/,
  ],
  [
    'at most one page without a row',
    broken('Faults', (_panel, dashboard) => {
      dashboard.panels = dashboard.panels.filter((panel) => !isRow(panel));
    }),
    /units/,
  ],
  [
    'a title fits its panel',
    broken('Must be 0', (panel) => {
      panel.title = 'Wrong writes and slow recoveries';
    }),
    /32 characters in 5 units/,
  ],
];

describe('dashboard rules', () => {
  const all = allDashboards;

  for (const [name, rule] of Object.entries(rules))
    it(name, () => {
      for (const dashboard of all) assert.deepEqual(rule(dashboard), [], dashboard.title);
      const own = breaks.filter(([broken]) => broken === name);
      assert.ok(own.length > 0, 'the rule has no dashboard that breaks it');
      for (const [, dashboard, finding] of own) assert.match(rule(dashboard).join('\n'), finding);
    });

  it('draws faults only in short views, and only over effect panels', () => {
    for (const { annotations, title } of all)
      for (const { target, filter } of annotations.list) {
        assert.match(target.expr, /and on \(\) \(vector\(\$__range_s\) <= 10800\)$/, title);
        assert.ok(filter.exclude, title);
      }
  });

  it('gives every outcome a distinct colour', () => {
    const panel = all.flatMap(panelsOf).find(({ title }) => title === 'Requests by outcome');
    const colors = panel?.fieldConfig.overrides.map(({ properties }) => JSON.stringify(properties));
    assert.equal(new Set(colors).size, outcomes.length);
  });
});
