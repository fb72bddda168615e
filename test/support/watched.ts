/** Checks that what an expression queries exists. */
import assert from 'node:assert/strict';
import type { Series } from './metrics-catalogue.ts';
import { selectorsOf } from './promql.ts';
import { readRules } from './rules.ts';

/**
 * Exposed by third-party programs or by Prometheus itself; the end-to-end test checks them on a
 * real one.
 */
const foreign = /^(up|ALERTS|scrape_duration_seconds|(toxiproxy|prometheus|pg)_.*)$/;
const externalJobs = ['toxiproxy', 'prometheus', 'postgres-exporter'];

export function assertKnown(expr: string, catalogue: readonly Series[], where: string): void {
  const recorded = new Set(readRules().flatMap(({ record }) => record ?? []));
  const selectors = selectorsOf(expr);
  assert.ok(selectors.length > 0, `${where} queries nothing`);
  for (const { metric, matchers } of selectors) {
    if (foreign.test(metric) || recorded.has(metric)) continue;
    const ofExternalJob = matchers.some(({ label, value }) => label === 'job' && externalJobs.includes(value));
    const named = catalogue.filter(({ name }) => name === metric);
    assert.ok(named.length > 0, `${where}: no program exposes ${metric}`);
    if (ofExternalJob) continue;
    // Each alternative of a pattern must exist, or it is misspelt without anyone noticing.
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
            `${where}: ${metric}{${label}="${wanted}"} does not exist at the start`,
          );
    }
  }
}
