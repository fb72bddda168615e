/** Creates the run's folder with plan and config, and opens the history with its first event. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type EngineInfo, planSchema } from '@encore/contracts';
import { describeError, EncoreError, writeFileAtomic } from '@encore/kit';
import type { Interrupt } from '../phase.ts';
import { shownRuns } from '../results/shown-path.ts';
import type { RunContext } from '../run-context.ts';

export async function openRun(
  { run, history, wiring }: Pick<RunContext, 'run' | 'history' | 'wiring'>,
  engine: EngineInfo,
  interrupt: (event: Interrupt) => void,
): Promise<void> {
  const { id: runId, folder, startedAt, plan, config } = run;
  const shown = shownRuns(wiring, runId);
  await reserve(folder, shown);
  await writeFileAtomic(join(folder, 'plan.json'), `${JSON.stringify(planSchema.parse(plan), null, 2)}\n`);
  await writeFileAtomic(join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  await history.open(
    join(folder, 'history.ndjson'),
    (error) => interrupt({ type: 'broke', reason: `cannot write the history in ${shown}: ${describeError(error)}` }),
    {
      type: 'run_started',
      at: startedAt,
      runId,
      seed: config.seed,
      planHash: plan.hash,
      config: { ...config },
      environment: { ...engine, node: process.version, platform: `${process.platform}-${process.arch}` },
    },
  );
}

/** Two runs that start in the same second choose the same name; only one gets the folder. */
async function reserve(folder: string, shown: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  try {
    await mkdir(folder);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    const message = `another run started in the same second and uses ${shown}; start this run again`;
    throw new EncoreError('RUN_EXISTS', message, { cause: error });
  }
}
