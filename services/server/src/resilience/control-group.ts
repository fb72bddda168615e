/** Where the kernel keeps the limits and the accounts of the container that we run in, and how its small files are read. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface KernelFolders {
  /** For tests: where the kernel's files are. */
  procFolder?: string;
  cgroupFolder?: string;
}

/** The folders that may be our group's, the likelier one first; empty where there are no control groups. */
export function groupFoldersV2({ procFolder = '/proc', cgroupFolder = '/sys/fs/cgroup' }: KernelFolders): string[] {
  return groupFolders(procFolder, cgroupFolder, /^0::(.*)$/m);
}

/** Of version 1, in which each controller has a hierarchy of its own. */
export function groupFoldersV1(
  controller: string,
  { procFolder = '/proc', cgroupFolder = '/sys/fs/cgroup' }: KernelFolders,
): string[] {
  return groupFolders(
    procFolder,
    join(cgroupFolder, controller),
    new RegExp(`^\\d+:(?:.*,)?${controller}(?:,.*)?:(.*)$`, 'm'),
  );
}

/** Our group by its path; inside a container the path is the host's, and the root of the mount is our group. */
function groupFolders(procFolder: string, mount: string, line: RegExp): string[] {
  try {
    const path = line.exec(readFileSync(join(procFolder, 'self/cgroup'), 'utf8'))?.[1];
    return path === undefined ? [] : [join(mount, path), mount];
  } catch {
    return [];
  }
}

/** Null for `max`, for a file that is not there, and for anything else that is no number. */
export function readNumber(path: string): number | null {
  const text = readText(path);
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

/** The number after a name in a file of names and numbers. */
export function readCounter(path: string, name: string): number | null {
  const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(readText(path) ?? '')?.[1];
  return value === undefined ? null : Number(value);
}

/** Without the end of its last line; null for a file that is not there. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}
