/** Reads and writes the files of a control group. */
import { readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const readNumber = (folder: string, file: string): number => Number(readFileSync(join(folder, file), 'utf8'));

export const write = (folder: string, file: string, value: string | number): void =>
  writeFileSync(join(folder, file), String(value), { flag: 'r+' });

/** Parses lines of `name number`; a line with only a number gets its own text as name. */
export function readCounters(folder: string, file: string): Record<string, number> {
  const counters: Record<string, number> = {};
  for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
    const [name = '', value] = line.split(' ');
    if (name !== '') counters[name] = Number(value);
  }
  return counters;
}

export function readPids(folder: string): number[] {
  return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
}

/** Mount point of each controller by name; the unified hierarchy has the name ''. */
export function controllerMounts(): Map<string, string> {
  const mounts = new Map<string, string>();
  for (const line of readFileSync('/proc/mounts', 'utf8').split('\n')) {
    const [, path = '', type, options = ''] = line.split(' ');
    if (type === 'cgroup2') mounts.set('', path);
    if (type === 'cgroup') for (const option of options.split(',')) mounts.set(option, path);
  }
  return mounts;
}

/** Removes a group unless it still has processes or subgroups. */
export function removeGroup(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Not empty yet, or already removed.
  }
}

/**
 * Removes groups of dead labs: folders named `encore-<pid>` for which no process with that pid
 * exists.
 */
export function removeStaleGroups(): void {
  let mounts: Map<string, string>;
  try {
    mounts = controllerMounts();
  } catch {
    return;
  }
  for (const mount of new Set(['', 'memory', 'cpu', 'cpuacct'].map((name) => mounts.get(name)))) {
    if (mount === undefined) continue;
    for (const name of readdirSync(mount)) {
      const pid = /^encore-(\d+)$/.exec(name)?.[1];
      if (pid === undefined || isAlive(Number(pid))) continue;
      const folder = join(mount, name);
      for (const entry of readdirSync(folder, { withFileTypes: true }))
        if (entry.isDirectory()) removeGroup(join(folder, entry.name));
      removeGroup(folder);
    }
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
