/** Preflight checks of the run's folders: writable, enough free disk space, no stop file. */
import { existsSync } from 'node:fs';
import { access, constants, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { createFolder, describeError } from '@encore/kit';
import type { Wiring } from '../../config.ts';
import { shownPath, shownRuns } from '../results/shown-path.ts';
import { fail, ok, type PreflightCheck, sizeText, warn } from './preflight-check.ts';

type Folders = Pick<Wiring, 'runsDir' | 'runsName' | 'resultsDir'>;

const gib = 1024 ** 3;
/** History, ledger and logs of one day. */
const diskPerDayBytes = 10 * gib;
const minDiskBytes = 0.25 * gib;

export async function folderChecks(folders: Folders, hours: number): Promise<PreflightCheck[]> {
  const { runsDir, resultsDir } = folders;
  return [
    ...(await resultsChecks(resultsDir, hours)),
    await diskCheck('disk for the run', runsDir, hours, shownRuns(folders)),
  ];
}

/** Lists what prevents a run from writing results here, each with a fix. Needs no lab. */
export async function problemsOfResults(resultsDir: string, hours: number): Promise<string[]> {
  const failed = (await resultsChecks(resultsDir, hours)).filter(({ state }) => state === 'fail');
  return failed.map(({ name, found, fix }) => `${name}: ${found}; ${fix}`);
}

async function resultsChecks(resultsDir: string, hours: number): Promise<PreflightCheck[]> {
  return [stopFileCheck(resultsDir), await diskCheck('disk for the results', resultsDir, hours)];
}

/** While this file exists, no run starts, and a running one ends. */
export function stopFileOf({ resultsDir }: Pick<Folders, 'resultsDir'>): string {
  return join(resultsDir, 'STOP');
}

function stopFileCheck(resultsDir: string): PreflightCheck {
  const path = stopFileOf({ resultsDir });
  if (!existsSync(path)) return ok('stop file', 'none');
  return fail('stop file', `${shownPath(path)} exists, which stops all runs`, 'delete it to allow runs');
}

export async function diskCheck(
  name: string,
  path: string,
  hours: number,
  shown = shownPath(path),
): Promise<PreflightCheck> {
  try {
    createFolder(path);
    // The dot makes a file an error.
    await access(`${path}/.`, constants.W_OK);
    const { bavail, bsize } = await statfs(path);
    const free = bavail * bsize;
    const found = `${sizeText(free)} free in ${shown}`;
    if (free < minDiskBytes)
      return fail(name, found, `free up disk space, until at least ${sizeText(minDiskBytes)} is available`);
    const recommended = Math.max(minDiskBytes, (diskPerDayBytes * hours) / 24);
    if (free < recommended)
      return warn(name, found, `free up disk space: ${sizeText(recommended)} is recommended for ${hours} h`);
    return ok(name, found);
  } catch (error) {
    return fail(name, `${shown} ${whyUnwritable(error)}`, 'make it a folder that you can write to');
  }
}

function whyUnwritable(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOTDIR':
      return 'is a file, or is below one';
    case 'EEXIST':
    case 'ELOOP':
      return 'is a symbolic link that leads nowhere';
    case 'ENAMETOOLONG':
      return 'has a longer name than the disk allows';
    case 'EACCES':
    case 'EPERM':
      return `is not writable by you (${code})`;
    case 'EROFS':
      return 'is on a disk that is mounted read-only; with Docker, only test_results is writable';
    default:
      return `is not writable (${describeError(error)})`;
  }
}
