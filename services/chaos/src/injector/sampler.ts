/** Every few seconds, what each container of the project uses: for the monitor, the metrics and the report. */
import { describeError, type Logger } from '@encore/kit';
import { type Engine, nameOf } from './engine.ts';
import type { Deadline } from './fault-hands.ts';
import type { InjectorMetrics } from './metrics.ts';
import type { Recorder } from './recorder.ts';

interface Parts {
  engine: Engine;
  project: string;
  recorder: Recorder;
  metrics: InjectorMetrics;
  deadline: Deadline;
  logger: Logger;
  inRun: () => boolean;
}

const callMs = 4_000;

export async function sampleContainers(parts: Parts): Promise<void> {
  const { engine, project, deadline, logger } = parts;
  try {
    const containers = await engine.list(project, deadline(callMs));
    await Promise.all(containers.map(({ id, name, labels }) => sample(parts, id, nameOf(labels, name))));
  } catch (error) {
    logger.warn({ err: describeError(error) }, 'the containers could not be sampled');
  }
}

async function sample(
  { engine, recorder, metrics, deadline, inRun }: Parts,
  id: string,
  target: string,
): Promise<void> {
  // One that just ended, or an engine that cannot tell, leaves a gap.
  const stats = await engine.stats(id, deadline(callMs)).catch(() => null);
  const known = stats === null || stats.memoryBytes === 0 ? null : stats;
  metrics.sampled(target, known);
  if (known === null) return;
  if (inRun()) recorder.mention({ type: 'target_sampled', target, ...known });
}
