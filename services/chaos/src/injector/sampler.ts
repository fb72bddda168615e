/** Samples the resource usage of each container of the project every few seconds. */
import { describeError, type Logger } from '@encore/kit';
import type { Engine } from './engine.ts';
import type { Deadline } from './fault-executor.ts';
import type { InjectorMetrics } from './metrics.ts';
import type { Recorder } from './recorder.ts';
import type { Targets } from './targets.ts';

interface Dependencies {
  engine: Engine;
  targets: Targets;
  recorder: Recorder;
  metrics: InjectorMetrics;
  deadline: Deadline;
  logger: Logger;
  inRun: () => boolean;
}

const callMs = 4_000;

export async function sampleContainers(dependencies: Dependencies): Promise<void> {
  const { engine, targets, deadline, logger } = dependencies;
  try {
    const containers = await engine.list(targets.project, deadline(callMs));
    await Promise.all(containers.map((container) => sample(dependencies, container.id, targets.nameOf(container))));
  } catch (error) {
    logger.warn({ err: describeError(error) }, 'the containers could not be sampled');
  }
}

async function sample(
  { engine, recorder, metrics, deadline, inRun }: Dependencies,
  id: string,
  target: string,
): Promise<void> {
  // A container that just ended, or an engine without stats, leaves a gap.
  const stats = await engine.stats(id, deadline(callMs)).catch(() => null);
  const known = stats === null || stats.memoryBytes === 0 ? null : stats;
  metrics.sampled(target, known);
  if (known === null) return;
  if (inRun()) recorder.recordVolatile({ type: 'target_sampled', target, ...known });
}
