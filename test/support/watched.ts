/** Does what an expression asks for exist? */
import assert from 'node:assert/strict';
import type { Series } from './metrics-catalogue.ts';
import { selectorsOf } from './promql.ts';
import { readRules } from './rules.ts';

/** Told by programs that are not ours, or by Prometheus itself; the end-to-end test finds them on the real one. */
const foreign = /^(up|ALERTS|scrape_duration_seconds|(toxiproxy|prometheus|pg)_.*)$/;
const foreignJobs = ['toxiproxy', 'prometheus', 'postgres-exporter'];

export function assertKnown(expr: string, catalogue: readonly Series[], where: string): void {
  const recorded = new Set(readRules().flatMap(({ record }) => record ?? []));
  const selectors = selectorsOf(expr);
  assert.ok(selectors.length > 0, `${where} asks for nothing`);
  for (const { metric, matchers } of selectors) {
    if (foreign.test(metric) || recorded.has(metric)) continue;
    const ofForeignJob = matchers.some(({ label, value }) => label === 'job' && foreignJobs.includes(value));
    const named = catalogue.filter(({ name }) => name === metric);
    assert.ok(named.length > 0, `${where}: nobody tells ${metric}`);
    if (ofForeignJob) continue;
    // Each alternative of a pattern must be there by itself, or it is a misspelt one that nobody misses.
    for (const { label, operator, value } of matchers) {
      if (operator.startsWith('!'))
        assert.ok(
          named.some(({ labels }) => label in labels),
          `${where}: ${metric} has no ${label}`,
        );
      else
        for (const wanted of value.split('|'))
          assert.ok(
            named.some(({ labels }) => labels[label] === wanted),
            `${where}: there is no ${metric}{${label}="${wanted}"} at the start`,
          );
    }
  }
}
