/** Panels on a grid of 24 columns, with the faults as annotations over all of them. */
import { datasource, livePage, type PanelSpec, panel } from './panel.ts';

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
    templating: { list: [] },
    annotations: {
      list: [
        {
          name: 'Faults',
          enable: true,
          iconColor: 'red',
          datasource,
          // Survives Grafana and needs no token, for it is only a query.
          expr: 'kind_target:chaos_fault:active',
          titleFormat: '{{kind}}',
          textFormat: '{{kind}} on {{target}}',
          step: '5s',
        },
      ],
    },
    links: [
      { title: 'Encore', type: 'dashboards', tags: ['encore'], asDropdown: false, keepTime: true, targetBlank: false },
      { ...livePage, type: 'link', targetBlank: true, icon: 'external link' },
    ],
    panels: placed(panels),
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
