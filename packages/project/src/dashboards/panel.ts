/** Converts a panel as data into Grafana's JSON. */
import type { DashboardLink } from '@grafana/schema';

export const datasource = { type: 'prometheus', uid: 'encore-prometheus' };
/** Grafana's interval for rates: at least four scrapes. */
export const rate = '$__rate_interval';
/**
 * One step of a chart. An event shorter than a step shows only if the query reads the whole step.
 */
export const step = '$__interval';
/** For instant queries only: in a chart, each point would look back over a different time. */
export const shownTime = '$__range';
/** How long the figures of the last run stay visible after its orchestrator has exited. */
export const sinceTheRun = '1d';

interface Query {
  expr: string;
  legend: string;
}
interface Step {
  color: string;
  value: number | null;
}
type Mapping = Record<number, { text: string; color: string }>;
interface Override {
  matcher: { id: 'byName'; options: string };
  properties: { id: string; value: unknown }[];
}

export interface PanelSpec {
  title: string;
  description: string;
  type: 'timeseries' | 'stat' | 'state-timeline' | 'heatmap' | 'bargauge';
  unit: string;
  width: number;
  height: number;
  queries: Query[];
  /** Target of the panel's link; `inside` leads to the system's own metrics, if it has any. */
  link: keyof typeof links | 'inside';
  min?: number;
  max?: number;
  /** Minimum of the axis maximum, so that a line of zeros is at the bottom. */
  softMax?: number;
  decimals?: number;
  /** Text shown without data; if unset, missing data is a defect. */
  noValue?: string;
  thresholds?: Step[];
  /** Fixed colour for neutral figures. */
  color?: string;
  /** Styles for series by name. */
  overrides?: Override[];
  mappings?: Mapping;
  stacked?: boolean;
  logarithmic?: boolean;
  /** Colours the whole panel of a stat. */
  filled?: boolean;
}
/** A dashboard that panels link to. */
export interface Linked {
  name: string;
  uid: string;
}
export interface RowSpec {
  title: string;
  /** A collapsed row queries nothing until it is opened. */
  collapsed: boolean;
  panels: PanelSpec[];
}

const link = (title: string, url: string): DashboardLink => ({ ...proxyDefaults, type: 'link', title, url });
export const linkTo = ({ name, uid }: Linked): DashboardLink =>
  link(`Dashboard: ${name}`, `/d/${uid}?\${__url_time_range}`);
/** Grafana's schema requires all of these. */
export const proxyDefaults = {
  asDropdown: false,
  icon: 'external link',
  includeVars: false,
  keepTime: false,
  tags: [],
  targetBlank: false,
  tooltip: '',
};
export const linked = { run: { name: 'run', uid: 'encore-run' }, lab: { name: 'lab', uid: 'encore-lab' } };
export const links = {
  run: linkTo(linked.run),
  lab: linkTo(linked.lab),
  live: link('Live page of the run', `\${page:raw}`),
  alerts: link('Alerts with their expected state', `\${alerts:raw}`),
};

export const redBelow = (orange: number, green: number): Step[] => [
  { color: 'red', value: null },
  { color: 'orange', value: orange },
  { color: 'green', value: green },
];
export const redFrom = (value: number): Step[] => [
  { color: 'green', value: null },
  { color: 'red', value },
];

const fixed = (color: string) => ({ mode: 'fixed', fixedColor: color });
const override = (name: string, properties: Record<string, unknown>): Override => ({
  matcher: { id: 'byName', options: name },
  properties: Object.entries(properties).map(([id, value]) => ({ id, value })),
});
/** Colours by name: colours by order change while series come and go. */
export const colored = (colors: Record<string, string>): Override[] =>
  Object.entries(colors).map(([name, color]) => override(name, { color: fixed(color) }));
/** Neutral at 0, this colour at 1 or more. */
export const coloredFromOne = (colors: Record<string, string>): Override[] =>
  Object.entries(colors).map(([name, color]) =>
    override(name, {
      color: { mode: 'thresholds' },
      thresholds: {
        mode: 'absolute',
        steps: [
          { color: 'text', value: null },
          { color, value: 1 },
        ],
      },
    }),
  );
/** A line without the area below it, for charts in which areas would cover each other. */
export const bareLine = (name: string, color: string): Override =>
  override(name, { color: fixed(color), 'custom.fillOpacity': 0 });
/** Draws a limit as a line, not as an area that hides the values. */
export const limitLine: Override = override('limit', {
  color: fixed('red'),
  'custom.fillOpacity': 0,
  'custom.lineStyle': { fill: 'dash', dash: [10, 10] },
});

const legend = { calcs: [], displayMode: 'list', placement: 'bottom', showLegend: true };
const last = { calcs: ['lastNotNull'], fields: '', values: false };

const options: Record<PanelSpec['type'], object> = {
  timeseries: { legend, tooltip: { mode: 'multi', sort: 'desc' } },
  stat: {
    reduceOptions: last,
    colorMode: 'value',
    graphMode: 'none',
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
    perPage: 40,
    rowHeight: 0.8,
    showValue: 'auto',
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

/**
 * Axis width of every wide chart, so that the same moment is at the same position in all of them.
 */
const axisWidth = 230;

function customOf(spec: PanelSpec): object {
  const wide = spec.width === 24 ? { axisWidth } : {};
  if (spec.type === 'state-timeline') return { fillOpacity: 80, lineWidth: 0, ...wide };
  if (spec.type !== 'timeseries') return {};
  return {
    drawStyle: 'line',
    lineWidth: 1,
    fillOpacity: spec.stacked ? 25 : 8,
    showPoints: 'never',
    // A gap means that the server was down, and must be visible.
    spanNulls: false,
    stacking: { mode: spec.stacked ? 'normal' : 'none' },
    ...wide,
    ...(spec.softMax !== undefined && { axisSoftMax: spec.softMax }),
    ...(spec.logarithmic && { scaleDistribution: { type: 'log', log: 10 } }),
    ...(spec.thresholds && { thresholdsStyle: { mode: 'dashed' } }),
  };
}

/**
 * Figures use instant queries: a series would be as old as the last whole step, minutes in a long
 * view.
 */
const isFigure = ({ type }: PanelSpec): boolean => type === 'stat' || type === 'bargauge';

export interface Place {
  id: number;
  x: number;
  y: number;
}

export function panel(spec: PanelSpec, { id, x, y }: Place, inside: DashboardLink): Record<string, unknown> {
  return {
    id,
    type: spec.type,
    title: spec.title,
    description: spec.description,
    datasource,
    gridPos: { x, y, w: spec.width, h: spec.height },
    links: [spec.link === 'inside' ? inside : links[spec.link]],
    fieldConfig: {
      defaults: {
        unit: spec.unit,
        ...(spec.min !== undefined && { min: spec.min }),
        ...(spec.max !== undefined && { max: spec.max }),
        ...(spec.decimals !== undefined && { decimals: spec.decimals }),
        ...(spec.noValue !== undefined && { noValue: spec.noValue }),
        ...(spec.color !== undefined && { color: fixed(spec.color) }),
        custom: customOf(spec),
        ...(spec.thresholds && { thresholds: { mode: 'absolute', steps: spec.thresholds } }),
        ...(spec.mappings && { mappings: [{ type: 'value', options: spec.mappings }] }),
      },
      overrides: spec.overrides ?? [],
    },
    options: { ...options[spec.type], ...(spec.filled && { colorMode: 'background' }) },
    targets: spec.queries.map((query, i) => ({
      refId: String.fromCharCode(65 + i),
      datasource,
      expr: query.expr,
      legendFormat: query.legend,
      ...(isFigure(spec) && { instant: true, range: false }),
      ...(spec.type === 'heatmap' && { format: 'heatmap' }),
    })),
  };
}
