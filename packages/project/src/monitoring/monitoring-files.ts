/**
 * Writes the configuration of Prometheus and Grafana for a run: the files of the bundled lab
 * without what only the bundled server has, and dashboards with the names of the user's project.
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runDashboards, type ShownSystem } from '../dashboards/index.ts';
import { rulesOfAnySystem } from './adapt-alert-rules.ts';
import { type ScrapeTargets, scrapeConfig } from './scrape-config.ts';

/** Rules files of the bundled lab that hold for any system. */
const ruleFiles = ['recording.yml', 'alerts.yml'];

export interface MonitoringFiles {
  /** The checkout of Encore. */
  root: string;
  system: ShownSystem;
  targets: ScrapeTargets;
}

/** `folder` is what the containers of both have as /etc/encore. */
export async function writeMonitoringFiles(folder: string, { root, system, targets }: MonitoringFiles): Promise<void> {
  const read = (path: string): Promise<string> => readFile(join(root, 'prometheus', path), 'utf8');
  const write = (path: string, text: string): Promise<void> => writeFile(join(folder, path), text);
  await mkdir(join(folder, 'prometheus', 'rules'), { recursive: true });
  await mkdir(join(folder, 'dashboards'));
  await write('prometheus/prometheus.yml', scrapeConfig(await read('prometheus.yml'), targets));
  for (const name of ruleFiles) await write(`prometheus/rules/${name}`, rulesOfAnySystem(await read(`rules/${name}`)));
  await cp(join(root, 'grafana', 'provisioning'), join(folder, 'provisioning'), { recursive: true });
  for (const [name, dashboard] of Object.entries(runDashboards(system)))
    await write(`dashboards/${name}.json`, JSON.stringify(dashboard));
}
