/**
 * Finds the run that a person means: the folder of its results, the folder where it was recorded, its id, or, when
 * nothing is said, the last one. A run whose orchestrator was killed has a record and no results yet.
 */
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { EncoreError } from '@encore/kit';
import type { Wiring } from '../config.ts';
import { historyFile, planFile } from '../judge/run-folder.ts';
import { whyNoRun } from '../settings/replay.ts';
import { Peers } from './peers.ts';
import { saveLogs } from './phases/save-logs.ts';
import { copyEvidence } from './phases/write-results.ts';
import { shownPath } from './shown-path.ts';

const runName = /^r(\d{8}_\d{6}\w*)$/;
const resultsName = /^production_test_\d{8}_\d{6}\w*$/;

/** The results folder for the run with this stamp. */
export function resultsFolderOf(wiring: Pick<Wiring, 'resultsDir'>, stamp: string): string {
  return join(wiring.resultsDir, `production_test_${stamp}`);
}

/** The folder that a person means: given by its path, or as the id of a run. */
export function folderOf(asked: string, wiring: Wiring): string {
  const named = asked.replace(/(.)\/+$/, '$1');
  const folder = [named, join(wiring.runsDir, named)].find((place) => existsSync(join(place, planFile)));
  if (folder !== undefined) return folder;
  const why = existsSync(named) ? whyNoRun(named) : 'there is no such run folder';
  const last = lastOf(wiring.resultsDir, resultsName);
  const example = last === undefined ? 'production_test_20260101_120000' : `${last} (the last one there)`;
  throw new EncoreError(
    'NO_SUCH_RUN',
    `${named}: ${why}; give the folder beside its report, such as ${join(wiring.resultsDir, example)}`,
  );
}

/** Where the report of the run in this folder lies, if one was made: beside the folder of its results. */
export function reportPathOf(folder: string, wiring: Wiring): string {
  const stamp = recordedStamp(folder, wiring);
  return `${stamp === undefined ? resolve(folder) : resultsFolderOf(wiring, stamp)}.json`;
}

/** The folder that a person means, the last recorded run where nothing is said. */
export function folderToReport(asked: string, wiring: Wiring): string {
  return asked === '' ? lastRun(wiring.runsDir) : folderOf(asked, wiring);
}

/** A folder that can be judged, with the evidence of `folder` in it. */
export async function gatherResults(folder: string, wiring: Wiring): Promise<string> {
  const stamp = recordedStamp(folder, wiring);
  if (stamp === undefined) return folder;
  const resultsFolder = resultsFolderOf(wiring, stamp);
  const isFirst = !existsSync(resultsFolder);
  await copyEvidence(folder, resultsFolder);
  // The plan is written when the run begins.
  if (isFirst) await saveLogs(wiring, new Peers(wiring), resultsFolder, statSync(join(folder, planFile)).mtimeMs);
  return resultsFolder;
}

/** Of a run's folder as it was recorded; none of a results folder. */
function recordedStamp(folder: string, { runsDir }: Pick<Wiring, 'runsDir'>): string | undefined {
  const path = resolve(folder);
  return dirname(path) === resolve(runsDir) ? runName.exec(basename(path))?.[1] : undefined;
}

function lastRun(runsDir: string): string {
  const last = lastOf(runsDir, runName);
  if (last === undefined)
    throw new EncoreError('NO_SUCH_RUN', `no run was recorded in ${shownPath(runsDir)}; begin one with "run"`);
  return join(runsDir, last);
}

/** The run that began last. Names do not tell: they hold the local time, and runs may begin in different time zones. */
function lastOf(folder: string, pattern: RegExp): string | undefined {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => pattern.test(name)) : [];
  const runs = names.map((name) => ({ name, startedAtMs: startedAtMs(join(folder, name)) }));
  return runs.sort((a, b) => a.startedAtMs - b.startedAtMs).at(-1)?.name;
}

const headBytes = 4_096;

/** The time of the first event of its history; of a run without one, when its folder was made. */
function startedAtMs(folder: string): number {
  try {
    const file = openSync(join(folder, historyFile), 'r');
    try {
      const head = Buffer.alloc(headBytes);
      const [, at] = /"event":\{"at":(\d+)/.exec(head.toString('utf8', 0, readSync(file, head))) ?? [];
      if (at !== undefined) return Number(at);
    } finally {
      closeSync(file);
    }
  } catch {
    // It has no history.
  }
  return statSync(folder).birthtimeMs;
}
