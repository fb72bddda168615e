/** Where a running lab listens, so that `monitor` and `heal` in another terminal find it: a file in its folder, gone when the lab is gone. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from './engine/cgroup-files.ts';
import type { Ports } from './ports.ts';

const fileName = 'ports.json';

export interface PublishedLab {
  /** Of the checkout that it was started from. */
  root: string;
  ports: Ports;
  /** Where the token of its chaos service is. */
  tokenFile: string;
}

export function publishLab(labFolder: string, lab: PublishedLab): void {
  writeFileSync(join(labFolder, fileName), JSON.stringify(lab));
}

/** Of this checkout's labs that live in these homes, the one that was started last; null when there is none. */
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

/** Null for a lab that has not come so far. */
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

/** 0 where there is none. */
function changedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
