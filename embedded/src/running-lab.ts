/**
 * Publishes the ports of a running lab in a file in its folder, so that `monitor` and `revert` find
 * it.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from './engine/cgroup-files.ts';
import type { Ports } from './ports.ts';

const fileName = 'ports.json';

export interface PublishedLab {
  /** Checkout that the lab was started from. */
  root: string;
  ports: Ports;
  /** Path of the token of its chaos service. */
  tokenFile: string;
}

export function publishLab(labFolder: string, lab: PublishedLab): void {
  writeFileSync(join(labFolder, fileName), JSON.stringify(lab));
}

/** The most recently started of this checkout's labs in these homes; null when none is running. */
export function runningLab(homes: readonly string[], root: string): PublishedLab | null {
  const files = homes
    .map((home) => join(home, 'labs'))
    .flatMap((labs) => namesIn(labs).flatMap((pid) => (isAlive(Number(pid)) ? [join(labs, pid, fileName)] : [])));
  const [latest] = files
    .map((file) => ({ lab: publishedIn(file), at: changedAt(file) }))
    .filter(({ lab }) => lab?.root === root)
    .sort((a, b) => b.at - a.at);
  return latest?.lab ?? null;
}

/** Null for a lab that has not published its ports yet. */
function publishedIn(file: string): PublishedLab | null {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as PublishedLab) : null;
}

function namesIn(folder: string): string[] {
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
