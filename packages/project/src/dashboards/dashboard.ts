/**
 * Lays out panels in rows on a grid of 24 columns, with faults as annotations over the effect
 * panels.
 */
import type { DashboardLink } from '@grafana/schema';
import { datasource, type Linked, links, linkTo, type PanelSpec, panel, proxyDefaults, type RowSpec } from './panel.ts';

export interface DashboardSpec {
  uid: string;
  title: string;
  description: string;
  /** Panels above the first row. */
  panels: PanelSpec[];
  rows: RowSpec[];
}

type Json = Record<string, unknown>;
/** Panel types without fault annotations: in them the bands would be a row or noise. */
const withoutAnnotations = new Set<unknown>(['state-timeline', 'heatmap']);
/** In longer views the bands of the faults are narrower than their edges and cover the data. */
const maxAnnotatedSeconds = 3 * 3_600;

/** `inside` is what panels with the link `inside` lead to. */
export function dashboard({ uid, title, description, ...spec }: DashboardSpec, inside: Linked): Json {
  const panels = laidOut(spec, linkTo(inside));
  return {
    id: null,
    uid,
    title,
    description,
    tags: ['encore'],
    schemaVersion: 41,
    version: 1,
    editable: false,
    graphTooltip: 1,
    refresh: '10s',
    time: { from: 'now-15m', to: 'now' },
    timezone: 'browser',
    templating: { list: ['page', 'alerts'].map(proxyVariable) },
    annotations: {
      list: [
        {
          name: 'Faults',
          enable: true,
          iconColor: 'rgba(242, 73, 92, 0.45)',
          datasource,
          filter: {
            exclude: true,
            ids: panels
              .flatMap((panel) => [panel, ...((panel['panels'] ?? []) as Json[])])
              .filter(({ type }) => withoutAnnotations.has(type))
              .map(({ id }) => id),
          },
          // A query survives Grafana's container and needs no token.
          target: {
            refId: 'Faults',
            expr: `kind_target:chaos_fault:active and on () (vector($__range_s) <= ${maxAnnotatedSeconds})`,
            interval: '5s',
          },
          titleFormat: '{{kind}}',
          textFormat: '{{kind}} on {{target}}',
        },
      ],
    },
    links: [
      { ...proxyDefaults, type: 'dashboards', title: 'Encore', tags: ['encore'], keepTime: true },
      { ...links.live, targetBlank: true },
    ],
    panels,
  };
}

/**
 * A hidden variable with a base URL. It depends on the ports of the lab, which the orchestrator
 * exposes as a metric.
 */
function proxyVariable(name: string): Json {
  const query = `label_values(encore_run_links_info, ${name})`;
  return {
    name,
    type: 'query',
    datasource,
    query: { query, refId: 'PrometheusVariableQueryEditor-VariableQuery' },
    // Reload whenever the time range changes.
    refresh: 2,
    // Hide name and value.
    hide: 2,
    skipUrlSync: true,
    multi: false,
    includeAll: false,
    regex: '',
    sort: 0,
    options: [],
    current: { text: '', value: '' },
  };
}

/**
 * Grafana's layout: the panels of an open row follow it, those of a collapsed row are inside it.
 */
function laidOut({ panels, rows }: Pick<DashboardSpec, 'panels' | 'rows'>, inside: DashboardLink): Json[] {
  const placed: Json[] = [];
  let nextId = 1;
  let y = 0;
  const place = (specs: readonly PanelSpec[], top: number): { made: Json[]; bottom: number } => {
    let x = 0;
    let bottom = top;
    let lineTop = top;
    const made = specs.map((spec) => {
      if (x + spec.width > 24) {
        x = 0;
        lineTop = bottom;
      }
      const one = panel(spec, { id: nextId++, x, y: lineTop }, inside);
      x += spec.width;
      bottom = Math.max(bottom, lineTop + spec.height);
      return one;
    });
    return { made, bottom };
  };
  const first = place(panels, y);
  placed.push(...first.made);
  y = first.bottom;
  for (const { title, collapsed, panels: own } of rows) {
    const row = { id: nextId++, type: 'row', title, collapsed, gridPos: { x: 0, y, w: 24, h: 1 } };
    const { made, bottom } = place(own, y + 1);
    placed.push({ ...row, panels: collapsed ? made : [] }, ...(collapsed ? [] : made));
    y = collapsed ? y + 1 : bottom;
  }
  return placed;
}
