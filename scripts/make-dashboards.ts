/**
 * Writes grafana/dashboards/*.json, which are committed because Grafana provisions files. To change
 * a dashboard, change its source and run `node scripts/make-dashboards.ts`. A test fails when the
 * two differ.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dashboard } from './dashboards/dashboard.ts';
import { labDashboard } from './dashboards/lab.ts';
import { runDashboard } from './dashboards/run.ts';
import { serverDashboard } from './dashboards/server.ts';

export function dashboards(): Record<string, Record<string, unknown>> {
  return {
    run: dashboard(runDashboard),
    server: dashboard(serverDashboard),
    lab: dashboard(labDashboard),
  };
}

if (import.meta.main) {
  const folder = join(import.meta.dirname, '..', 'grafana', 'dashboards');
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(dashboards())) {
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(content, null, 2)}\n`);
  }
}
