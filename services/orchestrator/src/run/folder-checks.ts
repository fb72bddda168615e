/** The folders of a run: may it begin there, and is there room? */
import { existsSync } from 'node:fs';
import { access, constants, mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError } from '@encore/kit';
import { type Check, size } from './lab-checks.ts';
import { shownPath } from './shown-path.ts';

interface Folders {
  runsDir: string;
  resultsDir: string;
}

const gib = 1024 ** 3;
/** For history, ledger and logs of a day. */
const diskPerDayBytes = 10 * gib;
const leastDiskBytes = 0.25 * gib;

export async function folderChecks({ runsDir, resultsDir }: Folders, hours: number): Promise<Check[]> {
  return [...(await resultsChecks(resultsDir, hours)), await diskCheck('disk for the run', runsDir, hours)];
}

/** Why no run may begin with these results, one line each with what to do; empty when one may. Nothing of a lab is needed to know. */
export async function problemsOfResults(resultsDir: string, hours: number): Promise<string[]> {
  const failed = (await resultsChecks(resultsDir, hours)).filter(({ state }) => state === 'fail');
  return failed.map(({ name, found, fix }) => `${name}: ${found}; ${fix}`);
}

async function resultsChecks(resultsDir: string, hours: number): Promise<Check[]> {
  return [stopFileCheck(resultsDir), await diskCheck('disk for the results', resultsDir, hours)];
}

/** While this file is there, no run begins, and the one that goes on ends. */
export function stopFileOf({ resultsDir }: Pick<Folders, 'resultsDir'>): string {
  return join(resultsDir, 'STOP');
}

function stopFileCheck(resultsDir: string): Check {
  const path = stopFileOf({ resultsDir });
  if (!existsSync(path)) return { name: 'stop file', state: 'ok', found: 'none' };
  return {
    name: 'stop file',
    state: 'fail',
    found: `${shownPath(path)} is there`,
    fix: 'somebody stopped the runs with it; delete it to allow them',
  };
}

export async function diskCheck(name: string, path: string, hours: number): Promise<Check> {
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
    const { bavail, bsize } = await statfs(path);
    const free = bavail * bsize;
    const found = `${size(free)} free at ${shownPath(path)}`;
    if (free < leastDiskBytes) return { name, state: 'fail', found, fix: `free ${size(leastDiskBytes)} at least` };
    const wanted = Math.max(leastDiskBytes, (diskPerDayBytes * hours) / 24);
    if (free < wanted) return { name, state: 'warn', found, fix: `${size(wanted)} are advised for ${hours} h` };
    return { name, state: 'ok', found };
  } catch (error) {
    return {
      name,
      state: 'fail',
      found: `${shownPath(path)} ${whyUnwritable(error)}`,
      fix: 'make it a folder that you can write',
    };
  }
}

function whyUnwritable(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'EEXIST':
    case 'ENOTDIR':
      return 'is a file, or lies below one';
    case 'EACCES':
    case 'EPERM':
      return `cannot be written by you (${code})`;
    case 'EROFS':
      return 'lies on a disk that is mounted read-only';
    default:
      return `cannot be written (${describeError(error)})`;
  }
}
