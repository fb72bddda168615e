/** The effect of each fault on its panel: which series moves, and by how much at least. */
import assert from 'node:assert/strict';
import type { FaultKind, ReportedFault } from '@encore/contracts';
import type { Prometheus, Range, Samples } from '../support/prometheus.ts';

interface Move {
  panel: string;
  expr: string;
  /** Minimum distance of the extreme from the run's calm level; negative for a fall. */
  by: number;
}

const mebibyte = 1_048_576;
const availability = { panel: 'Availability', expr: 'job:loadgen_probes_ok:ratio_rate15s' };
/** Of probes, because work postponed in an outage raises the users' own for a long time. */
const responseTime = {
  panel: 'Response time of probes',
  expr: 'sum(rate(loadgen_probe_seconds_sum[20s])) / sum(rate(loadgen_probe_seconds_count[20s]))',
};
const outcome = (name: string) => ({
  panel: 'Requests by outcome',
  expr: `sum(rate(loadgen_attempts_total{outcome="${name}"}[20s]))`,
});
const startsBy = (actor: string) => ({
  panel: 'Who started server',
  expr: `sum(increase(chaos_target_starts_total{target="server",actor="${actor}"}[20s]))`,
});
const memory = (metric: string) => ({
  panel: 'Memory of server',
  expr: `max(${metric}{target="server"})`,
});

/** Each fault is counted as active; a kind without a move of its own shows on this panel alone. */
const active = (kind: FaultKind): Move => ({
  panel: 'Phases and faults',
  expr: `sum(kind_target:chaos_fault:active{kind="${kind}"}) or sum(up{job="chaos"}) * 0`,
  by: 1,
});

/** The move of a fault: that of its kind on this target, or of its kind. */
export const moveOf = ({ kind, target }: { kind: FaultKind; target: string }): Move =>
  moves[`${kind} on ${target}`] ?? moves[kind] ?? active(kind);

const moves: Readonly<Record<string, Move>> = {
  crash: { ...startsBy('restart-policy'), by: 0.9 },
  outage: { ...startsBy('supervisor'), by: 0.9 },
  restart: { ...startsBy('revert'), by: 0.9 },
  freeze: { ...availability, by: -0.15 },
  hang: { ...startsBy('supervisor'), by: 0.9 },
  'memory-cap': { ...memory('chaos_target_memory_limit_bytes'), by: -20 * mebibyte },
  'memory-pressure': { ...memory('chaos_target_memory_bytes'), by: 50 * mebibyte },
  // Has its own run: it takes over a minute to open the breaker and to close it again.
  'tool-stall': {
    panel: 'Circuit breakers',
    expr: 'max(encore_server_breaker_state{breaker="chord_analysis"})',
    by: 1,
  },
  'cpu-throttle': { ...responseTime, by: 0.05 },
  // An upload without space is an error of the server; few users upload meanwhile.
  'disk-full': { ...outcome('server_error'), by: 0.05 },
  latency: { ...responseTime, by: 0.05 },
  jitter: { ...responseTime, by: 0.05 },
  bandwidth: { ...responseTime, by: 0.05 },
  slicer: { ...responseTime, by: 0.05 },
  'limit-data': { ...outcome('cut_mid_body'), by: 0.1 },
  timeout: { ...availability, by: -0.15 },
  'reset-peer': { ...outcome('reset_before'), by: 0.1 },
  'connection-refused': { ...outcome('refused'), by: 0.1 },
  partition: { ...availability, by: -0.15 },
  'outage on postgres': { panel: 'States', expr: 'max(pg_up)', by: -1 },
  'freeze on postgres': { panel: 'States', expr: 'max(up{job="postgres-exporter"})', by: -1 },
  'traffic-spike': {
    panel: 'Requests by route',
    expr: 'sum(rate(encore_server_http_requests_total{route="scores_list"}[20s]))',
    by: 20,
  },
};
/** The next two scrapes after a fault show the end of it. */
export const tailMs = 10_000;

/** Returns one line per fault with the move of its series; fails when one did not move enough. */
export async function assertMoved(
  prometheus: Prometheus,
  range: Range,
  faults: readonly ReportedFault[],
): Promise<string[]> {
  const lines: string[] = [];
  const still: string[] = [];
  for (const fault of faults) {
    if (fault.effect !== 'confirmed') continue;
    const { panel, expr, by } = moveOf(fault);
    const values = pointsOf(await prometheus.range(expr, range));
    const { fromMs, toMs } = effectOf(fault);
    const near = values.filter(({ at }) => at >= fromMs && at <= toMs).map(({ value }) => value);
    const usual = quiet(
      values.map(({ value }) => value),
      by,
    );
    const extreme = Math[by < 0 ? 'min' : 'max'](...near);
    const line = `${fault.kind} on ${fault.target} moved "${panel}" from ${usual.toPrecision(3)} to ${extreme.toPrecision(3)}`;
    lines.push(line);
    if (!((extreme - usual) / by >= 1)) still.push(`${line}, which is too little: ${expr}`);
  }
  assert.deepEqual(still, []);
  return lines;
}

/** From the injection until users recover, plus the scrapes that still show it. */
export function effectOf({ injected_at, reverted_at, recovery_seconds, kind }: ReportedFault): Range {
  assert.ok(injected_at !== null, `${kind} was not injected`);
  const fromMs = Date.parse(injected_at);
  const revertedMs = reverted_at === null ? fromMs : Date.parse(reverted_at);
  return { fromMs, toMs: Math.max(fromMs, revertedMs) + (recovery_seconds ?? 0) * 1_000 + tailMs };
}

function pointsOf(series: readonly Samples[]): Samples['points'] {
  return series.flatMap(({ points }) => points);
}

/** The level without faults. Faults are dense, so not the median, but a fifth from the calm end. */
function quiet(values: readonly number[], by: number): number {
  const fromCalm = values.toSorted((a, b) => (by > 0 ? a - b : b - a));
  return fromCalm[Math.floor(values.length / 5)] ?? Number.NaN;
}
