/**
 * Finds the run that a person means: the folder of its results, the folder where it was recorded, its id, or, when
 * nothing is said, the last one. A run whose orchestrator was killed has a record and no results yet.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { EncoreError } from '@encore/kit';
import type { Wiring } from '../config.ts';
import { copyEvidence, copyLogs } from './phases/write-results.ts';

const runName = /^r(\d{8}_\d{6}\w*)$/;

/** The results folder for the run with this stamp. */
export function resultsFolderOf(wiring: Pick<Wiring, 'resultsDir'>, stamp: string): string {
  return join(wiring.resultsDir, `production_test_${stamp}`);
}

/** A folder that can be judged, with its evidence in it. */
export async function gatherResults(asked: string, wiring: Wiring): Promise<string> {
  const named = asked === '' ? lastRun(wiring.runsDir) : asked.replace(/(.)\/+$/, '$1');
  const folder = existsSync(named) ? named : join(wiring.runsDir, named);
  if (!existsSync(folder))
    throw new EncoreError('NO_SUCH_RUN', `there is no run at ${named}, and none of that name in ${wiring.runsDir}`);
  const [, stamp] = runName.exec(basename(resolve(folder))) ?? [];
  if (stamp === undefined || resolve(dirname(folder)) !== resolve(wiring.runsDir)) return folder;
  const resultsFolder = resultsFolderOf(wiring, stamp);
  if (!existsSync(resultsFolder) && wiring.logsDir !== undefined) await copyLogs(wiring.logsDir, resultsFolder);
  await copyEvidence(folder, resultsFolder);
  return resultsFolder;
}

function lastRun(runsDir: string): string {
  const names = existsSync(runsDir) ? readdirSync(runsDir).filter((name) => runName.test(name)) : [];
  const last = names.sort().at(-1);
  if (last === undefined) throw new EncoreError('NO_SUCH_RUN', `no run was recorded in ${runsDir}`);
  return join(runsDir, last);
}
