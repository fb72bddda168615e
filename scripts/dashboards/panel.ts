/** One panel as data, and the JSON that Grafana wants for it. */
import type { DashboardLink } from '@grafana/schema';

export const datasource = { type: 'prometheus', uid: 'encore-prometheus' };
/** Grafana's own window for rates: never shorter than four scrapes. */
export const rate = '$__rate_interval';
export const shownTime = '$__range';

interface Query {
  expr: string;
  legend: string;
}
interface Step {
  color: string;
  value: number | null;
}
type Mapping = Record<number, { text: string; color: string }>;

export interface PanelSpec {
  title: string;
  description: string;
  type: 'timeseries' | 'stat' | 'state-timeline' | 'heatmap' | 'bargauge';
  unit: string;
  width: number;
  height: number;
  queries: Query[];
  /** Where to look next. */
  link: keyof typeof links;
  min?: number;
  max?: number;
  thresholds?: Step[];
  mappings?: Mapping;
  stacked?: boolean;
  /** Dots for values that come now and then. */
  points?: boolean;
}

const dashboardUrl = (uid: string): string => `/d/${uid}?\${__url_time_range}`;
const link = (title: string, url: string): DashboardLink => ({ ...linkDefaults, type: 'link', title, url });
/** Grafana's schema asks for all of them. */
export const linkDefaults = {
  asDropdown: false,
  icon: 'external link',
  includeVars: false,
  keepTime: false,
  tags: [],
  targetBlank: false,
  tooltip: '',
};
const links = {
  run: link('Dashboard: run', dashboardUrl('encore-run')),
  server: link('Dashboard: server', dashboardUrl('encore-server')),
  lab: link('Dashboard: lab', dashboardUrl('encore-lab')),
  live: link('Live page of the run', `\${page:raw}`),
  alerts: link('Alerts, each with its expected state', `\${alerts:raw}`),
};
export const livePage = links.live;

export const redBelow = (orange: number, green: number): Step[] => [
  { color: 'red', value: null },
  { color: 'orange', value: orange },
  { color: 'green', value: green },
];
export const redFrom = (value: number): Step[] => [
  { color: 'green', value: null },
  { color: 'red', value },
];

const legend = { calcs: [], displayMode: 'list', placement: 'bottom', showLegend: true };
const last = { calcs: ['lastNotNull'], fields: '', values: false };

const options: Record<PanelSpec['type'], object> = {
  timeseries: { legend, tooltip: { mode: 'multi', sort: 'desc' } },
  stat: {
    reduceOptions: last,
    colorMode: 'value',
    graphMode: 'area',
    textMode: 'auto',
    justifyMode: 'auto',
    orientation: 'auto',
    percentChangeColorMode: 'standard',
    showPercentChange: false,
    wideLayout: true,
  },
  bargauge: {
    reduceOptions: last,
    displayMode: 'basic',
    orientation: 'horizontal',
    showUnfilled: false,
    legend: { ...legend, showLegend: false },
    minVizHeight: 16,
    minVizWidth: 8,
    maxVizHeight: 300,
    namePlacement: 'auto',
    sizing: 'auto',
    valueMode: 'color',
  },
  'state-timeline': {
    legend: { ...legend, showLegend: false },
    mergeValues: true,
    rowHeight: 0.8,
    showValue: 'never',
    tooltip: { mode: 'single', sort: 'none' },
  },
  heatmap: {
    calculate: false,
    cellGap: 1,
    color: { mode: 'scheme', scheme: 'Spectral', steps: 32, reverse: true, exponent: 0.5, fill: 'dark-orange' },
    exemplars: { color: 'rgba(255,0,255,0.7)' },
    legend: { show: true },
    showValue: 'never',
    tooltip: { mode: 'single', yHistogram: false },
    yAxis: { axisPlacement: 'left', unit: 's', reverse: false },
  },
};

function customOf(spec: PanelSpec): object {
  if (spec.type === 'state-timeline') return { fillOpacity: 80, lineWidth: 0 };
  if (spec.type !== 'timeseries') return {};
  return {
    drawStyle: spec.points ? 'points' : 'line',
    lineWidth: 1,
    pointSize: 6,
    fillOpacity: spec.stacked ? 25 : 8,
    showPoints: spec.points ? 'always' : 'never',
    // A gap is a server that was not there, and must be seen.
    spanNulls: false,
    stacking: { mode: spec.stacked ? 'normal' : 'none' },
    ...(spec.thresholds && { thresholdsStyle: { mode: 'dashed' } }),
  };
}

export function panel(spec: PanelSpec, id: number, x: number, y: number): Record<string, unknown> {
  return {
    id,
    type: spec.type,
    title: spec.title,
    description: spec.description,
    datasource,
    gridPos: { x, y, w: spec.width, h: spec.height },
    links: [links[spec.link]],
    fieldConfig: {
      defaults: {
        unit: spec.unit,
        ...(spec.min !== undefined && { min: spec.min }),
        ...(spec.max !== undefined && { max: spec.max }),
        custom: customOf(spec),
        ...(spec.thresholds && { thresholds: { mode: 'absolute', steps: spec.thresholds } }),
        ...(spec.mappings && { mappings: [{ type: 'value', options: spec.mappings }] }),
      },
      overrides: [],
    },
    options: options[spec.type],
    targets: spec.queries.map((query, i) => ({
      refId: String.fromCharCode(65 + i),
      datasource,
      expr: query.expr,
      legendFormat: query.legend,
      ...(spec.type === 'heatmap' && { format: 'heatmap' }),
    })),
  };
}
