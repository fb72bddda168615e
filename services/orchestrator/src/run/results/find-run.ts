/**
 * Finds a run by its results folder, the folder of its recording, or its id; by default the last
 * one. A run whose orchestrator was killed has a recording but no results yet.
 */
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { EncoreError } from '@encore/kit';
import type { Wiring } from '../../config.ts';
import { historyFile, planFile } from '../../judge/read/run-folder.ts';
import { ServiceClients } from '../../service-clients.ts';
import { whyNoRun } from '../../settings/replay.ts';
import { saveLogs } from './save-logs.ts';
import { shownRuns } from './shown-path.ts';
import { copyEvidence } from './write-results.ts';

const runName = /^r(\d{8}_\d{6}\w*)$/;
const resultsName = /^production_test_\d{8}_\d{6}\w*$/;

/** The results folder of the run with this time stamp. */
export function resultsFolderOf(wiring: Pick<Wiring, 'resultsDir'>, stamp: string): string {
  return join(wiring.resultsDir, `production_test_${stamp}`);
}

/** Local time as YYYYMMDD_HHMMSS, with a number appended if a run of that second exists. */
export function freeStamp(wiring: Wiring, at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  const stamp = `${day}_${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
  const isTaken = (candidate: string): boolean =>
    existsSync(join(wiring.runsDir, `r${candidate}`)) ||
    existsSync(resultsFolderOf(wiring, candidate)) ||
    existsSync(`${resultsFolderOf(wiring, candidate)}.json`);
  let candidate = stamp;
  for (let n = 2; isTaken(candidate); n += 1) candidate = `${stamp}_${n}`;
  return candidate;
}

/** Resolves a path or a run id to a folder. Throws NO_SUCH_RUN. */
export function folderOf(pathOrId: string, wiring: Wiring): string {
  const named = pathOrId.replace(/(.)\/+$/, '$1');
  const folder = [named, join(wiring.runsDir, named)].find((path) => existsSync(join(path, planFile)));
  if (folder !== undefined) return folder;
  const why = existsSync(named) ? whyNoRun(named) : 'no such run folder';
  const last = lastOf(wiring.resultsDir, resultsName);
  const example = last === undefined ? 'production_test_20260101_120000' : `${last} (the last one there)`;
  throw new EncoreError(
    'NO_SUCH_RUN',
    `${named}: ${why}; pass the folder next to a report, such as ${join(wiring.resultsDir, example)}`,
  );
}

/** The path of the run's report, next to its results folder. The report may not exist yet. */
export function reportPathOf(folder: string, wiring: Wiring): string {
  const stamp = recordedStamp(folder, wiring);
  return `${stamp === undefined ? resolve(folder) : resultsFolderOf(wiring, stamp)}.json`;
}

/** Like `folderOf`; an empty name means the last recorded run. */
export function folderToReport(pathOrId: string, wiring: Wiring): string {
  if (pathOrId !== '') return folderOf(pathOrId, wiring);
  const last = lastOf(wiring.runsDir, runName);
  if (last === undefined)
    throw new EncoreError('NO_SUCH_RUN', `no recorded run in ${shownRuns(wiring)}; start one with "encore run"`);
  return join(wiring.runsDir, last);
}

/** Returns a results folder with the evidence of `folder`, and copies it there if necessary. */
export async function gatherResults(folder: string, wiring: Wiring): Promise<string> {
  const stamp = recordedStamp(folder, wiring);
  if (stamp === undefined) return folder;
  const resultsFolder = resultsFolderOf(wiring, stamp);
  const isFirst = !existsSync(resultsFolder);
  await copyEvidence(folder, resultsFolder);
  // The plan is written at the start of the run, so its time bounds the logs.
  if (isFirst)
    await saveLogs(wiring, new ServiceClients(wiring), resultsFolder, statSync(join(folder, planFile)).mtimeMs);
  return resultsFolder;
}

/** The time stamp of a folder in `runsDir`; undefined for a results folder. */
function recordedStamp(folder: string, { runsDir }: Pick<Wiring, 'runsDir'>): string | undefined {
  const path = resolve(folder);
  return dirname(path) === resolve(runsDir) ? runName.exec(basename(path))?.[1] : undefined;
}

/** The run that started last. Names contain local times, which time zones make incomparable. */
function lastOf(folder: string, pattern: RegExp): string | undefined {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => pattern.test(name)) : [];
  const runs = names.map((name) => ({ name, startedAtMs: startedAtMs(join(folder, name)) }));
  return runs.sort((a, b) => a.startedAtMs - b.startedAtMs).at(-1)?.name;
}

const headBytes = 4_096;

/** The time of the first event; for a run without a history, the creation time of its folder. */
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
    // No history.
  }
  return statSync(folder).birthtimeMs;
}
