/**
 * Writes grafana/dashboards/*.json. The JSON is committed, because Grafana provisions files; this script is how it is
 * changed: `node scripts/make-dashboards.ts`. A test fails when the two differ.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const datasource = { type: 'prometheus', uid: 'encore-prometheus' };

interface Query {
  expr: string;
  legend: string;
}
interface PanelSpec {
  title: string;
  description: string;
  type: 'timeseries' | 'stat' | 'state-timeline' | 'heatmap';
  unit: string;
  width: number;
  height: number;
  queries: Query[];
  /** Lower and upper end of the axis. */
  min?: number;
  max?: number;
  /** Red below (or, with `invert`, above) the second value. */
  thresholds?: { color: string; value: number | null }[];
  stacked?: boolean;
}

const rate = '$__rate_interval';

const run: PanelSpec[] = [
  {
    title: 'Attempt success rate',
    description:
      'Share of HTTP requests that were answered rightly, over the last 5 minutes. The verdict uses operations, from the ledger, not this figure.',
    type: 'stat',
    unit: 'percentunit',
    width: 6,
    height: 5,
    max: 1,
    thresholds: [
      { color: 'red', value: null },
      { color: 'orange', value: 0.9 },
      { color: 'green', value: 0.95 },
    ],
    queries: [
      {
        expr: 'sum(increase(loadgen_attempts_total{outcome="ok"}[5m])) / sum(increase(loadgen_attempts_total[5m]))',
        legend: 'ok',
      },
    ],
  },
  {
    title: 'Availability seen by the probe',
    description:
      'Share of the open-loop probes that were answered rightly within their deadline, over the last 5 minutes.',
    type: 'stat',
    unit: 'percentunit',
    width: 6,
    height: 5,
    max: 1,
    thresholds: [
      { color: 'red', value: null },
      { color: 'orange', value: 0.98 },
      { color: 'green', value: 0.999 },
    ],
    queries: [
      {
        expr: 'sum(increase(loadgen_probes_total{outcome="ok"}[5m])) / sum(increase(loadgen_probes_total[5m]))',
        legend: 'right answers',
      },
    ],
  },
  {
    title: 'Server restarts',
    description: 'How often the server process began anew in the last hour, by its own start time.',
    type: 'stat',
    unit: 'short',
    width: 6,
    height: 5,
    queries: [{ expr: 'changes(process_start_time_seconds{job="server"}[1h])', legend: 'restarts' }],
  },
  {
    title: 'Virtual users',
    description: 'Users with a session now.',
    type: 'stat',
    unit: 'short',
    width: 6,
    height: 5,
    queries: [{ expr: 'sum(loadgen_users)', legend: 'users' }],
  },
  {
    title: 'Faults',
    description: 'Which fault is active on which target. Each band is one fault, from injection to verified undo.',
    type: 'state-timeline',
    unit: 'short',
    width: 24,
    height: 7,
    queries: [{ expr: 'max by (kind, target) (chaos_fault_active) > 0', legend: '{{kind}} on {{target}}' }],
  },
  {
    title: 'Requests by outcome',
    description: 'HTTP requests per second as the users saw them, by outcome.',
    type: 'timeseries',
    unit: 'reqps',
    width: 12,
    height: 9,
    stacked: true,
    min: 0,
    queries: [{ expr: `sum by (outcome) (rate(loadgen_attempts_total[${rate}])) > 0`, legend: '{{outcome}}' }],
  },
  {
    title: 'Response time of right answers',
    description: 'From the intended start, so that an outage cannot hide.',
    type: 'timeseries',
    unit: 's',
    width: 12,
    height: 9,
    min: 0,
    queries: [0.5, 0.95, 0.99].map((quantile) => ({
      expr: `histogram_quantile(${quantile}, sum by (le) (rate(loadgen_response_seconds_bucket[${rate}])))`,
      legend: `p${quantile * 100}`,
    })),
  },
  {
    title: 'Memory of the server against its live limit',
    description: 'What the engine charges to the server, and the limit that holds now: a memory cap moves the limit.',
    type: 'timeseries',
    unit: 'bytes',
    width: 12,
    height: 9,
    min: 0,
    queries: [
      { expr: 'chaos_target_memory_bytes{target="server"}', legend: 'used' },
      { expr: 'chaos_target_memory_limit_bytes{target="server"}', legend: 'limit' },
    ],
  },
  {
    title: 'Answers of the server by status',
    description: 'The server counts for itself; what it had counted since the last scrape is lost when it is killed.',
    type: 'timeseries',
    unit: 'reqps',
    width: 12,
    height: 9,
    stacked: true,
    min: 0,
    queries: [{ expr: `sum by (status) (rate(encore_server_http_requests_total[${rate}])) > 0`, legend: '{{status}}' }],
  },
];

function panel(spec: PanelSpec, id: number, x: number, y: number): Record<string, unknown> {
  const custom =
    spec.type === 'timeseries'
      ? {
          drawStyle: 'line',
          lineWidth: 1,
          fillOpacity: spec.stacked ? 25 : 8,
          showPoints: 'never',
          spanNulls: false,
          stacking: { mode: spec.stacked ? 'normal' : 'none' },
        }
      : {};
  return {
    id,
    type: spec.type,
    title: spec.title,
    description: spec.description,
    datasource,
    gridPos: { x, y, w: spec.width, h: spec.height },
    fieldConfig: {
      defaults: {
        unit: spec.unit,
        ...(spec.min !== undefined && { min: spec.min }),
        ...(spec.max !== undefined && { max: spec.max }),
        custom,
        ...(spec.thresholds && { thresholds: { mode: 'absolute', steps: spec.thresholds } }),
      },
      overrides: [],
    },
    options:
      spec.type === 'timeseries'
        ? { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } }
        : {},
    targets: spec.queries.map((query, i) => ({
      refId: String.fromCharCode(65 + i),
      datasource,
      expr: query.expr,
      legendFormat: query.legend,
    })),
  };
}

/** Lays panels out from left to right in a grid of 24 columns. */
function dashboard(uid: string, title: string, description: string, specs: PanelSpec[]): Record<string, unknown> {
  let x = 0;
  let y = 0;
  const panels = specs.map((spec, i) => {
    if (x + spec.width > 24) {
      x = 0;
      y += specs[i - 1]?.height ?? 0;
    }
    const placed = panel(spec, i + 1, x, y);
    x += spec.width;
    return placed;
  });
  return {
    id: null,
    uid,
    title,
    description,
    tags: ['encore'],
    schemaVersion: 41,
    version: 1,
    editable: false,
    refresh: '5s',
    time: { from: 'now-30m', to: 'now' },
    timezone: 'browser',
    annotations: {
      list: [
        {
          name: 'Faults',
          enable: true,
          iconColor: 'red',
          datasource,
          expr: 'max by (kind, target) (chaos_fault_active) > 0',
          titleFormat: '{{kind}}',
          textFormat: '{{kind}} on {{target}}',
          step: '5s',
        },
      ],
    },
    links: [
      { title: 'Live page', type: 'link', url: 'http://localhost:8080', targetBlank: true, icon: 'external link' },
    ],
    panels,
  };
}

export function dashboards(): Record<string, Record<string, unknown>> {
  return {
    run: dashboard(
      'encore-run',
      'Encore: run',
      'One run: what the users see, which fault is on, and what it does.',
      run,
    ),
  };
}

if (import.meta.main) {
  const folder = join(import.meta.dirname, '..', 'grafana', 'dashboards');
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(dashboards())) {
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(content, null, 2)}\n`);
  }
}
