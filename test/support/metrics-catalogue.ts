/**
 * Every metric that a program of the lab exposes right after its start, by job, from the program's
 * own registry. A metric or a label value that appears later is not in it.
 */
import { join } from 'node:path';
import { createLogger, createRegistry, systemClock } from '@encore/kit';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { makePlan } from '@encore/plan';
import music from '@encore/workload-music';
import { injectorMetrics } from '../../services/chaos/src/injector/metrics.ts';
import { schedulerMetrics } from '../../services/chaos/src/scheduler/metrics.ts';
import { createMetrics as loadgenMetrics } from '../../services/loadgen/src/metrics.ts';
import { RunMetrics } from '../../services/orchestrator/src/metrics.ts';
import { RunView } from '../../services/orchestrator/src/progress/run-view.ts';
import { profiles } from '../../services/orchestrator/src/settings/profiles.ts';
import { createComponents } from '../../services/server/src/components.ts';
import { readSettings } from '../../services/server/src/config.ts';
import { root } from './command.ts';

export interface Series {
  job: string;
  name: string;
  labels: Record<string, string>;
}

/** The response of each program to /metrics. */
export async function expositions(): Promise<Record<string, string>> {
  const loadgen = createRegistry('loadgen');
  loadgenMetrics(loadgen, Object.keys(music.operations));
  const chaos = createRegistry('chaos');
  schedulerMetrics(chaos);
  const { sampled } = injectorMetrics(chaos, bundledSystem);
  // Appears with the first sample of the engine, which is not part of the start.
  sampled('server', { memoryBytes: 1, memoryLimitBytes: 2, cpuSeconds: 3, throttledPeriods: 4 });
  const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 7 };
  const run = new RunMetrics(new RunView('r1', config, makePlan(config, bundledSystem), 0), systemClock);
  const settings = readSettings({ ENCORE_SERVER_CONFIG: join(root, 'server_config.json') });
  await using server = createComponents(settings, createLogger('server', 'silent'));
  return {
    server: await server.metrics.registry.metrics(),
    loadgen: await loadgen.metrics(),
    chaos: await chaos.metrics(),
    orchestrator: await run.registry.metrics(),
  };
}

export async function metricsCatalogue(): Promise<Series[]> {
  return Object.entries(await expositions()).flatMap(([job, text]) => [
    // A histogram without an observation, such as one of garbage collections, has only its name.
    ...[...text.matchAll(/^# TYPE (\w+) histogram$/gm)].flatMap(([, name = '']) =>
      ['_bucket', '_sum', '_count'].map((end) => ({ job, name: `${name}${end}`, labels: { job } })),
    ),
    ...text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const name = /^[\w:]+/.exec(line)?.[0] ?? '';
        const labels = [...line.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', value = '']) => [label, value]);
        return { job, name, labels: { ...Object.fromEntries(labels), job, instance: job } };
      }),
  ]);
}
