/** Panels on a grid of 24 columns, with the faults as annotations over all of them. */
import { datasource, linkDefaults, livePage, type PanelSpec, panel } from './panel.ts';

export interface DashboardSpec {
  uid: string;
  title: string;
  description: string;
  panels: PanelSpec[];
}

export function dashboard({ uid, title, description, panels }: DashboardSpec): Record<string, unknown> {
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
    refresh: '5s',
    time: { from: 'now-30m', to: 'now' },
    timezone: 'browser',
    templating: { list: ['page', 'alerts'].map(linkVariable) },
    annotations: {
      list: [
        {
          name: 'Faults',
          enable: true,
          iconColor: 'red',
          datasource,
          // Survives Grafana and needs no token, for it is only a query.
          target: { refId: 'Faults', expr: 'kind_target:chaos_fault:active', interval: '5s' },
          titleFormat: '{{kind}}',
          textFormat: '{{kind}} on {{target}}',
        },
      ],
    },
    links: [
      { ...linkDefaults, type: 'dashboards', title: 'Encore', tags: ['encore'], keepTime: true },
      { ...livePage, targetBlank: true },
    ],
    panels: placed(panels),
  };
}

/** Where a link leads to depends on the ports of this lab, which the orchestrator tells as a metric. Nobody needs to see it. */
function linkVariable(name: string): Record<string, unknown> {
  const query = `label_values(encore_run_links_info, ${name})`;
  return {
    name,
    type: 'query',
    datasource,
    query: { query, refId: 'PrometheusVariableQueryEditor-VariableQuery' },
    // With each change of the time shown.
    refresh: 2,
    // Neither its name nor its value.
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

/** From left to right; a row is as high as its highest panel. */
function placed(specs: PanelSpec[]): Record<string, unknown>[] {
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  return specs.map((spec, i) => {
    if (x + spec.width > 24) {
      x = 0;
      y += rowHeight;
      rowHeight = 0;
    }
    const made = panel(spec, i + 1, x, y);
    x += spec.width;
    rowHeight = Math.max(rowHeight, spec.height);
    return made;
  });
}
