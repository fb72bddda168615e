/**
 * Every metric that a program of the lab exposes right after its start, by job, from the program's
 * own registry. A metric or a label value that appears later is not in it.
 */
import { join } from 'node:path';
import type { System } from '@encore/contracts';
import { containerNames, createLogger, createRegistry, replicasOf, systemClock } from '@encore/kit';
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

/** The response to /metrics of each program that a run of any system has. */
export async function runExpositions(system: System): Promise<Record<string, string>> {
  const loadgen = createRegistry('loadgen');
  loadgenMetrics(loadgen, Object.keys(music.operations));
  const chaos = createRegistry('chaos');
  schedulerMetrics(chaos);
  const { sampled } = injectorMetrics(chaos, system);
  // Appears with the first sample of the engine, which is not part of the start.
  for (const target of containerNames(system).flatMap((name) => replicasOf(system, name)))
    sampled(target, { memoryBytes: 1, memoryLimitBytes: 2, cpuSeconds: 3, throttledPeriods: 4 });
  const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 7 };
  const run = new RunMetrics(new RunView('r1', config, makePlan(config, system), 0), systemClock);
  return {
    loadgen: await loadgen.metrics(),
    chaos: await chaos.metrics(),
    orchestrator: await run.registry.metrics(),
  };
}

/** The response of each program of the bundled lab to /metrics. */
export async function expositions(): Promise<Record<string, string>> {
  const settings = readSettings({ ENCORE_SERVER_CONFIG: join(root, 'server_config.json') });
  await using server = createComponents(settings, createLogger('server', 'silent'));
  return { server: await server.metrics.registry.metrics(), ...(await runExpositions(bundledSystem)) };
}

export function metricsCatalogue(responses: Record<string, string>): Series[] {
  return Object.entries(responses).flatMap(([job, text]) => [
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
