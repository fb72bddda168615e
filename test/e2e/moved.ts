/** What each kind of fault does to the panel that is there for it, as far as a short run can show it. */
import assert from 'node:assert/strict';
import type { FaultKind } from '@encore/contracts';
import type { Prometheus, Range, Samples } from '../support/prometheus.ts';

interface Move {
  panel: string;
  expr: string;
  /** How far from the run's median its extreme must be while the fault is on, at least; below zero for a fall. */
  by: number;
}

const availability = { panel: 'Availability', expr: 'job:loadgen_probes_ok:ratio_rate15s' };
const median = {
  panel: 'Response time of right answers',
  expr: 'histogram_quantile(0.5, sum by (le) (rate(loadgen_response_seconds_bucket[20s])))',
};
const moves: Partial<Record<FaultKind, Move>> = {
  crash: { ...availability, by: -0.05 },
  outage: { ...availability, by: -0.15 },
  hang: { ...availability, by: -0.15 },
  freeze: { ...availability, by: -0.15 },
  partition: { ...availability, by: -0.15 },
  timeout: { ...availability, by: -0.15 },
  'connection-refused': { ...availability, by: -0.15 },
  'memory-cap': {
    panel: 'Memory of the server against its live limit',
    expr: 'max(chaos_target_memory_limit_bytes{target="server"})',
    by: -20 * 1_048_576,
  },
  latency: { ...median, by: 0.05 },
};
/** A rate sees an event for as long as its window reaches back. */
const tailMs = 15_000;

/** Says of each kind how far its series moved; a kind whose series kept still is a failure. */
export async function assertMoved(prometheus: Prometheus, range: Range): Promise<string[]> {
  const faults = await prometheus.range('kind_target:chaos_fault:active', range);
  const told: string[] = [];
  for (const { labels, points } of faults) {
    const kind = labels['kind'] as FaultKind;
    const move = moves[kind];
    if (move === undefined) continue;
    const values = pointsOf(await prometheus.range(move.expr, range));
    const near = values.filter(({ at }) => points.some((point) => at >= point.at && at <= point.at + tailMs));
    const usual = middle(values.map(({ value }) => value));
    const extreme = Math[move.by < 0 ? 'min' : 'max'](...near.map(({ value }) => value));
    const line = `${kind} moved "${move.panel}" from ${usual.toPrecision(3)} to ${extreme.toPrecision(3)}`;
    assert.ok((extreme - usual) / move.by >= 1, `${line}, which is too little`);
    told.push(line);
  }
  return told;
}

function pointsOf(series: readonly Samples[]): Samples['points'] {
  return series.flatMap(({ points }) => points);
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
