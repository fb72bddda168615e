/**
 * Publishes the ports of a running lab in a file in its folder, so that `monitor` and `revert` find
 * it.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from './engine/cgroup-files.ts';

const fileName = 'ports.json';

export interface PublishedLab {
  /** What it runs: the checkout of the bundled lab, or the folder of a project. */
  root: string;
  ports: { readonly page: number; readonly chaos: number };
  /** Path of the token of its chaos service. */
  tokenFile: string;
}

export function publishLab(labFolder: string, lab: PublishedLab): void {
  writeFileSync(join(labFolder, fileName), JSON.stringify(lab));
}

/**
 * The most recently started of the labs of this checkout or project in these homes; null when none
 * is running.
 */
export function runningLab(homes: readonly string[], root: string): PublishedLab | null {
  const folders = homes
    .map((home) => join(home, 'labs'))
    .flatMap((labs) => namesIn(labs).flatMap((pid) => (isAlive(Number(pid)) ? [join(labs, pid)] : [])));
  const [latest] = folders
    .map((folder) => ({ lab: publishedIn(folder), at: changedAt(join(folder, fileName)) }))
    .filter(({ lab }) => lab?.root === root)
    .sort((a, b) => b.at - a.at);
  return latest?.lab ?? null;
}

/** Null for a lab that has not published its ports yet. */
export function publishedIn(labFolder: string): PublishedLab | null {
  const file = join(labFolder, fileName);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as PublishedLab) : null;
}

/** Empty for a missing folder. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Modification time in epoch milliseconds; 0 for a missing file. */
function changedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
