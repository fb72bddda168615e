/** A dashboard in Grafana's format, and its panels: those of a collapsed row are inside the row. */
export interface Target {
  refId: string;
  expr: string;
  legendFormat: string;
  datasource: { uid: string };
  instant?: boolean;
  range?: boolean;
}
export interface Override {
  matcher: { id: string; options: string };
  properties: { id: string; value: unknown }[];
}
interface Step {
  color: string;
  value: number | null;
}
export interface Panel {
  id: number;
  title: string;
  description: string;
  type: string;
  datasource: { uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  links: { title: string; url: string }[];
  fieldConfig: {
    defaults: {
      unit: string;
      noValue?: string;
      color?: { mode: string; fixedColor: string };
      thresholds?: { steps: Step[] };
      mappings?: object[];
      custom: Record<string, unknown>;
    };
    overrides: Override[];
  };
  options: { perPage?: number };
  targets: Target[];
}
export interface Row {
  id: number;
  type: 'row';
  title: string;
  collapsed: boolean;
  gridPos: Panel['gridPos'];
  panels: Panel[];
}
export interface Dashboard {
  id: null;
  uid: string;
  title: string;
  editable: boolean;
  refresh: string;
  panels: (Panel | Row)[];
  annotations: {
    list: { name: string; target: { expr: string }; filter: { exclude: boolean; ids: number[] } }[];
  };
  templating: { list: { name: string; query: { query: string } }[] };
}

export function isRow(panel: Panel | Row): panel is Row {
  return panel.type === 'row';
}

export function panelsOf({ panels }: Pick<Dashboard, 'panels'>): Panel[] {
  return panels.flatMap((panel) => (isRow(panel) ? panel.panels : [panel]));
}
