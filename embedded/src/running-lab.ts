/** Where a running lab listens, so that `monitor` and `heal` in another terminal find it: a file in its folder, gone when the lab is gone. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from './engine/cgroup-files.ts';
import type { Ports } from './ports.ts';

const fileName = 'ports.json';

export function publishPorts(labFolder: string, ports: Ports): void {
  writeFileSync(join(labFolder, fileName), JSON.stringify(ports));
}

/** Of the labs that live in these homes, the ports of the one that was started last; null when there is none. */
export function runningPorts(homes: readonly string[]): Ports | null {
  const files = homes
    .map((home) => join(home, 'labs'))
    .flatMap((labs) => namesIn(labs).flatMap((pid) => (isAlive(Number(pid)) ? [join(labs, pid, fileName)] : [])));
  const [latest] = files.map((file) => ({ file, at: changedAt(file) })).sort((a, b) => b.at - a.at);
  if (latest === undefined || latest.at === 0) return null;
  return JSON.parse(readFileSync(latest.file, 'utf8')) as Ports;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** 0 for a lab that has not come so far. */
function changedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
