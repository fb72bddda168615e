/** Samples the resource usage of each container of the project every few seconds. */
import { describeError } from '@encore/kit';
import type { InjectorContext } from './injector-context.ts';

type Context = Pick<InjectorContext, 'tools' | 'recorder' | 'metrics' | 'deadline' | 'logger' | 'inRun'>;

const callMs = 4_000;

export async function sampleContainers(context: Context): Promise<void> {
  const { tools, deadline, logger } = context;
  const { engine, targets } = tools;
  try {
    const containers = await engine.list(targets.project, deadline(callMs));
    await Promise.all(containers.map((container) => sample(context, container.id, targets.nameOf(container))));
  } catch (error) {
    logger.warn({ err: describeError(error) }, 'the containers could not be sampled');
  }
}

async function sample(
  { tools, recorder, metrics, deadline, inRun }: Context,
  id: string,
  target: string,
): Promise<void> {
  // A container that just ended, or an engine without stats, leaves a gap.
  const stats = await tools.engine.stats(id, deadline(callMs)).catch(() => null);
  const known = stats === null || stats.memoryBytes === 0 ? null : stats;
  metrics.sampled(target, known);
  if (known !== null && inRun()) recorder.recordVolatile({ type: 'target_sampled', target, ...known });
}
