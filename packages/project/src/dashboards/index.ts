/** The Grafana dashboards of a run, for any system. */
import { dashboard } from './dashboard.ts';
import { labDashboard } from './lab.ts';
import { type Linked, linked, type PanelSpec } from './panel.ts';
import { runDashboard } from './run.ts';
import type { ShownSystem } from './shown-system.ts';

export { type DashboardSpec, dashboard } from './dashboard.ts';
export { colored, limitLine, type PanelSpec, rate, shownTime, step } from './panel.ts';
export type { ShownSystem } from './shown-system.ts';

/** What a system shows of itself: a dashboard of its own, and panels of the run's dashboard. */
export interface OwnDashboard extends Linked {
  panels: readonly PanelSpec[];
}

/** By the name of their file. */
export function runDashboards(system: ShownSystem, own?: OwnDashboard): Record<string, Record<string, unknown>> {
  return {
    run: dashboard(runDashboard(system, own?.panels ?? []), own ?? linked.lab),
    lab: dashboard(labDashboard(system), own ?? linked.run),
  };
}
