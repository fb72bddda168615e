/**
 * How much memory is in use and how much may be, as the kernel counts it for the whole container: our own children and
 * anything else that runs beside us included. What the kernel could give back at once (clean file pages) is not counted.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MemoryReading {
  usedBytes: number;
  limitBytes: number;
  source: 'file' | 'cgroup-v2' | 'cgroup-v1' | 'config';
}

export interface MemorySources {
  /** memory_limit_mb: the limit is never above it. */
  configuredBytes: number;
  limitFile: string | null;
  /** For tests: where the kernel's files are. */
  procFolder?: string;
  cgroupFolder?: string;
}

const pageBytes = 4_096;

export function readMemory(sources: MemorySources): MemoryReading {
  const { configuredBytes, limitFile, procFolder = '/proc', cgroupFolder = '/sys/fs/cgroup' } = sources;
  const counted = readCgroupV2(procFolder, cgroupFolder) ?? readCgroupV1(procFolder, cgroupFolder);
  if (limitFile !== null) {
    const limit = readNumber(limitFile);
    if (limit !== null) {
      return { usedBytes: privateBytes(procFolder), limitBytes: Math.min(limit, configuredBytes), source: 'file' };
    }
  }
  if (counted) return { ...counted, limitBytes: Math.min(counted.limitBytes, configuredBytes) };
  return { usedBytes: privateBytes(procFolder), limitBytes: configuredBytes, source: 'config' };
}

function readCgroupV2(procFolder: string, cgroupFolder: string): MemoryReading | null {
  for (const folder of groupFolders(procFolder, cgroupFolder, /^0::(.*)$/m)) {
    const limit = readNumber(join(folder, 'memory.max'));
    const used = readNumber(join(folder, 'memory.current'));
    if (limit === null || used === null) continue;
    return { usedBytes: used - readStat(folder, 'inactive_file'), limitBytes: limit, source: 'cgroup-v2' };
  }
  return null;
}

function readCgroupV1(procFolder: string, cgroupFolder: string): MemoryReading | null {
  for (const folder of groupFolders(procFolder, join(cgroupFolder, 'memory'), /^\d+:(?:.*,)?memory(?:,.*)?:(.*)$/m)) {
    const limit = readNumber(join(folder, 'memory.limit_in_bytes'));
    const used = readNumber(join(folder, 'memory.usage_in_bytes'));
    // Without a limit version 1 says a number near 2^63.
    if (limit === null || used === null || limit >= 2 ** 60) continue;
    return { usedBytes: used - readStat(folder, 'total_inactive_file'), limitBytes: limit, source: 'cgroup-v1' };
  }
  return null;
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

/** Resident pages of this process and its descendants, without those of files, which all processes share. */
function privateBytes(procFolder: string): number {
  let total = 0;
  const queue = [process.pid];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    try {
      const [, resident = 0, shared = 0] = readFileSync(join(procFolder, String(pid), 'statm'), 'utf8')
        .split(' ')
        .map(Number);
      total += (resident - shared) * pageBytes;
      for (const task of readdirSync(join(procFolder, String(pid), 'task'))) {
        const children = readFileSync(join(procFolder, String(pid), 'task', task, 'children'), 'utf8');
        queue.push(...children.split(' ').filter(Boolean).map(Number));
      }
    } catch {
      // It ended meanwhile, or this is not Linux.
      if (pid === process.pid) return process.memoryUsage.rss();
    }
  }
  return total;
}

/** Null for `max`, for a file that is not there, and for anything else that is no number. */
function readNumber(path: string): number | null {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return /^\d+$/.test(text) ? Number(text) : null;
  } catch {
    return null;
  }
}

function readStat(folder: string, name: string): number {
  try {
    const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(readFileSync(join(folder, 'memory.stat'), 'utf8'))?.[1];
    return Number(value ?? 0);
  } catch {
    return 0;
  }
}
