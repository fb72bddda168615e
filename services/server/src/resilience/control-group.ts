/** Finds the control group of this process and reads its files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface KernelFolders {
  /** Overridden in tests. */
  procFolder?: string;
  cgroupFolder?: string;
}

/** The candidate folders of our group, most likely first; empty if there are no control groups. */
export function groupFoldersV2({ procFolder = '/proc', cgroupFolder = '/sys/fs/cgroup' }: KernelFolders): string[] {
  return groupFolders(procFolder, cgroupFolder, /^0::(.*)$/m);
}

/** For version 1, in which each controller has its own hierarchy. */
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

/**
 * Our group's path, then the root of the mount: in a container the path is the host's, and the root
 * is our group.
 */
function groupFolders(procFolder: string, mount: string, line: RegExp): string[] {
  try {
    const path = line.exec(readFileSync(join(procFolder, 'self/cgroup'), 'utf8'))?.[1];
    return path === undefined ? [] : [join(mount, path), mount];
  } catch {
    return [];
  }
}

/** Returns null for `max`, for a missing file, and for anything else that is not a number. */
export function readNumber(path: string): number | null {
  const text = readText(path);
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

/** Returns the number after `name` in a file of names and numbers, or null. */
export function readCounter(path: string, name: string): number | null {
  const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(readText(path) ?? '')?.[1];
  return value === undefined ? null : Number(value);
}

/** Returns the trimmed content, or null for a missing file. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}
