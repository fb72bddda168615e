/**
 * One worker thread of a simulation: runs every n-th seed, then reports problems and amount of
 * work.
 */

import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { runConfigSchema } from '@encore/contracts';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { makePlan } from '@encore/plan';
import { z } from 'zod';
import { simulateRun } from './simulate-run.ts';

const shareSchema = z.object({ config: runConfigSchema, first: z.number(), step: z.number(), end: z.number() });
export type Share = z.infer<typeof shareSchema>;

export interface Outcome {
  runs: number;
  faults: number;
  kills: number[];
  problems: string[];
}

// On Linux the priority is that of the thread: it takes the CPU time that other tests leave.
setPriority(constants.priority.PRIORITY_LOW);

const { config, first, step, end } = shareSchema.parse(workerData);
const outcome: Outcome = { runs: 0, faults: 0, kills: [], problems: [] };
const kills = new Set<number>();
for (let seed = first; seed < end; seed += step) {
  const run = await simulateRun({ ...config, seed });
  // Only every tenth: a second plan for each seed would be a tenth of all the work.
  if (seed % 10 === 0 && makePlan({ ...config, seed }, bundledSystem).hash !== run.planHash)
    outcome.problems.push(`seed ${seed}: gave two different plans`);
  outcome.runs += 1;
  outcome.faults += run.faults;
  kills.add(run.kills);
  if (outcome.problems.length < 20) outcome.problems.push(...run.problems.map((problem) => `seed ${seed}: ${problem}`));
}
parentPort?.postMessage({ ...outcome, kills: [...kills] });
