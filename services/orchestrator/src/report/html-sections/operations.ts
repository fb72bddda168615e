/** Section with operations by kind, a plot of response-time percentiles, and attempt outcomes. */
import type { Report } from '@encore/contracts';
import type { LatencyCurves } from '../../judge/read/latencies.ts';
import { millisecondsText, percentText, thousands } from '../../text.ts';
import { type Html, html, trusted } from '../html.ts';
import { capacityText } from '../phrases.ts';
import { numeric, table } from '../table.ts';

const points = ['p50', 'p90', 'p99', 'p999', 'max'] as const;
/** The right edge of the plot is 99.99 %; higher percentiles are drawn there. */
const nines = 4;
const minMs = 0.1;
const plot = { width: 640, height: 230, left: 76, right: 92, top: 14, bottom: 30 };
const labelHeight = 19;

export function operationsSection(report: Report, curves: LatencyCurves = {}): Html {
  const rows = Object.entries(report.operations).map(([name, one]) => {
    const all = one.ok + one.failed + one.unknown;
    const ms = one.response_ms;
    return [
      html`<b>${name}</b>`,
      thousands(one.ok),
      thousands(one.failed),
      thousands(one.unknown),
      thousands(one.skipped),
      percentText(all === 0 ? null : one.ok / all),
      ...points.map((point) => millisecondsText(ms?.[point])),
      millisecondsText(one.service_ms?.p99),
    ];
  });
  const columns = [
    'Operation',
    ...['Ok', 'Failed', 'Unknown', 'Skipped', 'Succeeded', 'p50', 'p90', 'p99', 'p99.9', 'Max', 'Service p99'].map(
      numeric,
    ),
  ];
  return html`<h2>Operations</h2>
<p class="quiet">Response time is measured from the intended start, so that a slow earlier request cannot hide an outage; service time is measured from the actual start. Both cover only successful operations. An operation is skipped if its user is more than 10 s behind or has no object to work on; Succeeded ignores skipped operations. A p99 can exceed the worst recovery: a user who sends a request during a fault may wait for all of it, but the recovery time starts at its end and stops at the first correct response to any user.</p>
${table('Operations', columns, rows)}
${percentilePlot(report, curves)}
<h3>Attempt outcomes</h3>${outcomes(report)}
${capacity(report)}`;
}

function capacity({ capacity: measured }: Report): Html {
  if (measured === null) return html``;
  return html`<h3>Capacity</h3><p>${capacityText(measured)}</p><p class="quiet">Measured before the load with one small request, repeated. Not part of any other figure.</p>`;
}

/** HDR plot of response time: each step on the x axis covers a tenth of the one before. */
function percentilePlot({ operations }: Report, curves: LatencyCurves): Html {
  const lines = Object.keys(operations).flatMap((name) => {
    const curve = curves[name];
    return curve === undefined ? [] : [{ name, curve }];
  });
  if (lines.length === 0) return html``;
  const values = lines.flatMap(({ curve }) => curve.map(([, ms]) => Math.max(minMs, ms)));
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  const x = (percentile: number): number => {
    const tenths = Math.min(nines, -Math.log10(Math.max(1e-9, 1 - percentile / 100)));
    return plot.left + (tenths / nines) * (plot.width - plot.left - plot.right);
  };
  const y = (ms: number): number =>
    plot.top + ((high - Math.log10(Math.max(minMs, ms))) / (high - low)) * (plot.height - plot.top - plot.bottom);
  const grid = Array.from({ length: high - low + 1 }, (_, step) => {
    const ms = 10 ** (low + step);
    const text = ms >= 1_000 ? `${ms / 1_000} s` : `${ms} ms`;
    return `<line x1="${plot.left}" x2="${plot.width - plot.right}" y1="${y(ms)}" y2="${y(ms)}"/><text x="${plot.left - 8}" y="${y(ms) + 4}" text-anchor="end">${text}</text>`;
  });
  const ticks = [50, 90, 99, 99.9, 99.99].map(
    (percentile) => `<text x="${x(percentile)}" y="${plot.height - 6}" text-anchor="middle">${percentile} %</text>`,
  );
  const paths = lines.map(({ curve }, index) => {
    const path = curve.map(([percentile, ms]) => `${x(percentile).toFixed(1)},${y(ms).toFixed(1)}`).join(' ');
    return `<polyline class="line l${index}" points="${path}"/>`;
  });
  return html`<h3>Percentiles of response time</h3><svg class="plot" viewBox="0 0 ${plot.width} ${plot.height}" role="img" aria-label="Percentiles of response time per operation; the table above has the figures.">${trusted(grid.join('') + ticks.join('') + paths.join(''))}${labels(lines, y)}</svg>`;
}

/** Labels at the ends of the lines, moved apart where they would overlap. */
function labels(lines: { name: string; curve: [number, number][] }[], y: (ms: number) => number): Html[] {
  let last = Number.NEGATIVE_INFINITY;
  return lines
    .map(({ name, curve }, index) => ({ name, index, at: y(curve.at(-1)?.[1] ?? minMs) }))
    .sort((a, b) => a.at - b.at)
    .map(({ name, index, at }) => {
      last = Math.max(at, last + labelHeight);
      return html`<text class="name l${index}" x="${plot.width - plot.right + 8}" y="${(last + 4).toFixed(1)}">${name}</text>`;
    });
}

function outcomes({ outcomes: counts }: Report): Html {
  const rows = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a);
  const all = rows.reduce((sum, [, count]) => sum + count, 0);
  const shares = rows.map(([name, count]) => {
    const width = Math.max(0.4, (count / all) * 100).toFixed(2);
    return [
      html`<code>${name}</code>`,
      thousands(count),
      percentText(count / all, 3),
      html`<span class="share"><i class="${name === 'ok' ? 'ok' : 'bad'}" style="width:${width}%"></i></span>`,
    ];
  });
  return table('Attempt outcomes', ['Outcome', numeric('Attempts'), numeric('Share'), ''], shares, {
    empty: 'No attempt was observed.',
  });
}
