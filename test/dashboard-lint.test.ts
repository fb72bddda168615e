/**
 * The rules of grafana/dashboard-linter, so that they hold where that program is not installed, and
 * the program itself where it is. grafana/dashboards/.lint lists the rules that do not fit, with
 * reasons.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { describe, it } from 'mocha';
import { parse } from 'yaml';
import { allDashboards, bundledDashboards } from './support/all-dashboards.ts';
import { root, runCommand } from './support/command.ts';
import { type Dashboard, type Panel, panelsOf } from './support/dashboard-panels.ts';
import { isCounter, withoutVariables } from './support/promql.ts';

const folder = join(root, 'grafana', 'dashboards');
/** The Grafana units that these dashboards use. */
const units = ['short', 'percentunit', 's', 'bytes', 'Bps', 'ops', 'reqps', 'suffix:cores'];

/** Returns the problems of a panel by rule; empty when the rule holds. */
const panelRules: Record<string, (panel: Panel) => string[]> = {
  'panel-title-description-rule': ({ title, description }) =>
    title.trim() === '' || description.trim() === '' ? ['no title or no description'] : [],
  'panel-units-rule': ({ fieldConfig: { defaults } }) =>
    units.includes(defaults.unit) ? [] : [`unknown unit ${defaults.unit}`],
  'panel-no-targets-rule': ({ targets }) => (targets.length === 0 ? ['no query'] : []),
  'target-promql-rule': ({ targets }) => targets.flatMap(({ expr }) => (isPromql(expr) ? [] : [`not PromQL: ${expr}`])),
  'target-rate-interval-rule': ({ targets }) =>
    targets.flatMap(({ expr }) =>
      rangesOf(expr).flatMap(({ inside, window }) =>
        /^i?rate$/.test(inside) && window !== '$__rate_interval' ? [`${inside} over ${window}`] : [],
      ),
    ),
  'target-counter-agg-rule': ({ targets }) =>
    targets.flatMap(({ expr }) => {
      const ranged = rangesOf(expr).filter(({ inside }) => /^(i?rate|increase)$/.test(inside));
      const counters = metricsOf(expr).filter((metric) => isCounter(metric) && !/:|^encore_run_/.test(metric));
      return counters.filter((metric) => !ranged.some((range) => range.metric === metric));
    }),
};
const dashboardRules: Record<string, (dashboard: Dashboard) => string[]> = {
  'uneditable-dashboard-rule': ({ editable }) => (editable ? ['can be edited'] : []),
};

function isPromql(expr: string): boolean {
  let broken = false;
  parser.parse(withoutVariables(expr, 1_800)).iterate({
    enter: ({ type }) => {
      broken ||= type.isError;
    },
  });
  return !broken;
}

/** Each metric with its range window and the function around it. */
function rangesOf(expr: string): { inside: string; metric: string; window: string }[] {
  return [...expr.matchAll(/(\w+)\(\s*([\w:]+)(?:\{[^}]*\})?\[([^\]]+)\]/g)].map(
    ([, inside = '', metric = '', window = '']) => ({ inside, metric, window }),
  );
}

function metricsOf(expr: string): string[] {
  const text = withoutVariables(expr, 1_800);
  const found: string[] = [];
  parser.parse(text).iterate({
    enter: ({ name, node }) => {
      const metric = name === 'VectorSelector' ? node.getChild('Identifier') : null;
      if (metric !== null) found.push(text.slice(metric.from, metric.to));
    },
  });
  return found;
}

describe('dashboard linter', () => {
  const all = allDashboards;
  const panels = all.flatMap(panelsOf);
  const { exclusions } = parse(readFileSync(join(folder, '.lint'), 'utf8')) as {
    exclusions: Record<string, { reason: string; entries?: { panel: string }[] }>;
  };

  it('excludes rules only with a reason, and none that is tested here', () => {
    for (const [rule, { reason, entries }] of Object.entries(exclusions)) {
      assert.ok(reason.length > 20, rule);
      if (entries === undefined)
        assert.ok(!(rule in panelRules) && !(rule in dashboardRules), `${rule} is tested here`);
    }
  });

  for (const [name, rule] of Object.entries(panelRules))
    it(`${name} holds for each panel`, () => {
      assert.ok(panels.length > 40);
      for (const panel of panels) assert.deepEqual(rule(panel), [], panel.title);
    });

  for (const [name, rule] of Object.entries(dashboardRules))
    it(`${name} holds for each dashboard`, () => {
      for (const dashboard of all) assert.deepEqual(rule(dashboard), [], dashboard.title);
    });

  it('each rule finds a violation', () => {
    const [some] = panels;
    assert.ok(some);
    const query = (expr: string): Panel => ({
      ...some,
      targets: some.targets.slice(0, 1).map((target) => ({ ...target, expr })),
    });
    const wrong: [rule: string, panel: Panel][] = [
      ['panel-title-description-rule', { ...some, description: ' ' }],
      [
        'panel-units-rule',
        { ...some, fieldConfig: { ...some.fieldConfig, defaults: { ...some.fieldConfig.defaults, unit: 'seconds' } } },
      ],
      ['panel-no-targets-rule', { ...some, targets: [] }],
      ['target-promql-rule', query('sum(rate(loadgen_attempts_total[$__rate_interval])')],
      ['target-rate-interval-rule', query('sum(rate(loadgen_attempts_total[5m]))')],
      [
        'target-counter-agg-rule',
        query('sum(loadgen_attempts_total) / sum(rate(loadgen_probes_total[$__rate_interval]))'),
      ],
    ];
    assert.deepEqual(wrong.map(([rule]) => rule).sort(), Object.keys(panelRules).sort());
    for (const [rule, panel] of wrong) assert.equal(panelRules[rule]?.(panel).length, 1, rule);
  });

  it('reports no problem itself', async function () {
    const there = (process.env['PATH'] ?? '')
      .split(delimiter)
      .some((path) => existsSync(join(path, 'dashboard-linter')));
    if (!there) {
      process.stdout.write('    SKIPPED: dashboard-linter is not on the PATH; its rules were tested above\n');
      this.skip();
    }
    for (const name of Object.keys(bundledDashboards)) {
      const answer = await runCommand('dashboard-linter', ['lint', '--strict', join(folder, `${name}.json`)], {
        timeoutMs: 20_000,
      });
      assert.equal(answer.exitCode, 0, answer.stdout + answer.stderr);
    }
  });
});
