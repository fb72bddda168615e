/**
 * Writes grafana/dashboards/*.json, which are committed because Grafana provisions files. To change
 * a dashboard, change its source and run `node scripts/make-dashboards.ts`. A test fails when the
 * two differ.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dashboard, type OwnDashboard, runDashboards } from '@encore/project/dashboards';
import { runPanels } from './dashboards/run-panels.ts';
import { serverDashboard } from './dashboards/server.ts';
import { bundled } from './dashboards/system.ts';

export function dashboards(): Record<string, Record<string, unknown>> {
  const server: OwnDashboard = { name: 'server', uid: serverDashboard.uid, panels: runPanels };
  return { ...runDashboards(bundled, server), server: dashboard(serverDashboard, server) };
}

if (import.meta.main) {
  const folder = join(import.meta.dirname, '..', 'grafana', 'dashboards');
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(dashboards())) {
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(content, null, 2)}\n`);
  }
}
