/** Operations by kind with their response times, a plot of the percentiles, and how attempts ended. */
import type { Report } from '@encore/contracts';
import { millisecondsText, percentText, thousands } from '../format.ts';
import { type Html, html, trusted } from '../html.ts';
import { table } from '../table.ts';

type Percentiles = NonNullable<Report['operations'][keyof Report['operations']]['response_ms']>;
const points = ['p50', 'p90', 'p99', 'p999', 'max'] as const;
const pointTitles = ['50 %', '90 %', '99 %', '99.9 %', 'max'];
const plot = { width: 640, height: 220, left: 62, right: 84, top: 12, bottom: 26 };

export function operationsSection(report: Report): Html {
  const rows = Object.entries(report.operations).map(([name, one]) => {
    const all = one.ok + one.failed + one.unknown;
    const ms = one.response_ms;
    return [
      html`<b>${name}</b>`,
      thousands(one.ok),
      thousands(one.failed),
      thousands(one.unknown),
      percentText(all === 0 ? null : one.ok / all),
      ...points.map((point) => millisecondsText(ms?.[point])),
      millisecondsText(one.service_ms?.p99),
    ];
  });
  const numeric = (title: string) => ({ title, numeric: true }) as const;
  const columns = [
    { title: 'Operation' },
    ...['Ok', 'Failed', 'Unknown', 'Success', 'p50', 'p90', 'p99', 'p99.9', 'Max', 'Service p99'].map(numeric),
  ];
  return html`<h2>Operations</h2>
<p class="quiet">Response time counts from the intended start, so that an outage cannot hide behind the request before it; service time counts from the real one. Right answers only.</p>
${table('Operations', columns, rows)}
${percentilePlot(report)}
<h3>How attempts ended</h3>${outcomes(report)}`;
}

/** Response time over the share of answers, both axes as an HDR plot has them. */
function percentilePlot({ operations }: Report): Html {
  const lines = Object.entries(operations).flatMap(([name, { response_ms: ms }]) =>
    ms === null || ms.count === 0 ? [] : [{ name, ms }],
  );
  if (lines.length === 0) return html``;
  const values = lines.flatMap(({ ms }) => points.map((point) => Math.max(0.1, ms[point])));
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.ceil(Math.log10(Math.max(...values) + 0.001));
  const x = (index: number): number =>
    plot.left + (index / (points.length - 1)) * (plot.width - plot.left - plot.right);
  const y = (ms: number): number =>
    plot.top +
    ((high - Math.log10(Math.max(0.1, ms))) / Math.max(1, high - low)) * (plot.height - plot.top - plot.bottom);
  const grid = Array.from({ length: high - low + 1 }, (_, step) => {
    const ms = 10 ** (low + step);
    return `<line x1="${plot.left}" x2="${plot.width - plot.right}" y1="${y(ms)}" y2="${y(ms)}"/><text x="${plot.left - 8}" y="${y(ms) + 4}" text-anchor="end">${ms >= 1_000 ? `${ms / 1_000} s` : `${ms} ms`}</text>`;
  });
  const ticks = pointTitles.map(
    (title, index) => `<text x="${x(index)}" y="${plot.height - 6}" text-anchor="middle">${title}</text>`,
  );
  const paths = lines.map(
    ({ ms }, index) =>
      `<polyline class="line l${index}" points="${points.map((point, place) => `${x(place).toFixed(1)},${y(ms[point]).toFixed(1)}`).join(' ')}"/>`,
  );
  return html`<h3>Percentiles of response time</h3><svg class="plot" viewBox="0 0 ${plot.width} ${plot.height}" role="img" aria-label="Percentiles of response time per operation; the figures stand in the table above.">${trusted(grid.join('') + ticks.join('') + paths.join(''))}${labels(lines, y)}</svg>`;
}

/** Names at the ends of the lines, moved apart where they would touch. */
function labels(lines: { name: string; ms: Percentiles }[], y: (ms: number) => number): Html[] {
  let last = Number.NEGATIVE_INFINITY;
  return lines
    .map(({ name, ms }, index) => ({ name, index, at: y(ms.max) }))
    .sort((a, b) => a.at - b.at)
    .map(({ name, index, at }) => {
      last = Math.max(at, last + 14);
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
  return table(
    'Outcomes of attempts',
    [{ title: 'Outcome' }, { title: 'Attempts', numeric: true }, { title: 'Share', numeric: true }, { title: '' }],
    shares,
    { empty: 'No attempt was seen.' },
  );
}
