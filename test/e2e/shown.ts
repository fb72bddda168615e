/** Asserts that a real Prometheus has data for what dashboards and rules query. */
import assert from 'node:assert/strict';
import { type Dashboard, panelsOf } from '../support/dashboard-panels.ts';
import type { Prometheus, Range, Samples } from '../support/prometheus.ts';
import { selectorsOf, seriesOfVariable, withoutVariables } from '../support/promql.ts';

export interface PanelQueries {
  where: string;
  exprs: string[];
  /** Minimum number of queries with data. */
  needed: number;
}

/** A panel that defines a text for no data needs `neededOrText` queries with data. */
export function panelQueries(
  dashboards: Record<string, Dashboard>,
  rangeSeconds: number,
  neededOrText = 1,
): PanelQueries[] {
  const queriesOf = (where: string, exprs: readonly string[], needed = exprs.length): PanelQueries => ({
    where,
    exprs: exprs.map((expr) => withoutVariables(expr, rangeSeconds)),
    needed,
  });
  return Object.entries(dashboards).flatMap(([name, dashboard]) => [
    ...panelsOf(dashboard).map(({ title, targets, fieldConfig }) => {
      const exprs = targets.map(({ expr }) => expr);
      return queriesOf(
        `${name}: ${title}`,
        exprs,
        fieldConfig.defaults.noValue === undefined ? exprs.length : neededOrText,
      );
    }),
    ...dashboard.annotations.list.map(({ name: title, target }) =>
      queriesOf(`${name}: annotation ${title}`, [target.expr]),
    ),
    ...dashboard.templating.list.map(({ name: variable, query }) =>
      queriesOf(`${name}: variable ${variable}`, [seriesOfVariable(query.query)]),
    ),
  ]);
}

/** Asserts that each query is valid, and that enough of them have data. */
export async function assertShown(prometheus: Prometheus, asked: readonly PanelQueries[], range: Range): Promise<void> {
  const missing: string[] = [];
  for (const { where, exprs, needed } of asked) {
    const silent: string[] = [];
    for (const expr of exprs) if (!hasData(await prometheus.range(expr, range))) silent.push(expr);
    if (exprs.length - silent.length < needed) missing.push(`${where} shows nothing of the run: ${silent.join(', ')}`);
  }
  assert.deepEqual(missing, []);
}

/**
 * A silent alert has no data, but its metrics must exist. ALERTS exists only while an alert fires.
 */
export async function assertMetricsExist(
  prometheus: Prometheus,
  exprs: readonly string[],
  range: Range,
): Promise<void> {
  const asked = new Set<string>();
  for (const { metric, matchers } of exprs.flatMap(selectorsOf)) {
    if (metric === 'ALERTS') continue;
    const inside = matchers.map(({ label, operator, value }) => `${label}${operator}"${value}"`).join(',');
    asked.add(`count(${metric}{${inside}})`);
  }
  const missing: string[] = [];
  for (const query of asked) if (!hasData(await prometheus.range(query, range))) missing.push(query);
  assert.deepEqual(missing, []);
}

export function valuesOf(series: readonly Samples[]): number[] {
  return series.flatMap(({ points }) => points.map(({ value }) => value));
}

function hasData(series: readonly Samples[]): boolean {
  return valuesOf(series).length > 0;
}
