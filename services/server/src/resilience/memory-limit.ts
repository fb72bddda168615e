/**
 * Reads the memory in use and the live limit of the whole container, as the kernel counts them:
 * including our child processes and anything else in it, excluding clean file pages, which the
 * kernel can reclaim at once.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { groupFoldersV1, groupFoldersV2, type KernelFolders, readCounter, readNumber } from './control-group.ts';

export interface MemoryReading {
  usedBytes: number;
  limitBytes: number;
  source: 'file' | 'cgroup-v2' | 'cgroup-v1' | 'config';
}

export interface MemorySources extends KernelFolders {
  /** memory_limit_mb, which caps the limit. */
  configuredBytes: number;
  limitFile: string | null;
}

const pageBytes = 4_096;

export function readMemory(sources: MemorySources): MemoryReading {
  const { configuredBytes, limitFile, procFolder = '/proc' } = sources;
  const counted = readCgroupV2(sources) ?? readCgroupV1(sources);
  if (limitFile !== null) {
    const limit = readNumber(limitFile);
    if (limit !== null) {
      return { usedBytes: privateBytes(procFolder), limitBytes: Math.min(limit, configuredBytes), source: 'file' };
    }
  }
  if (counted) return { ...counted, limitBytes: Math.min(counted.limitBytes, configuredBytes) };
  return { usedBytes: privateBytes(procFolder), limitBytes: configuredBytes, source: 'config' };
}

function readCgroupV2(folders: KernelFolders): MemoryReading | null {
  for (const folder of groupFoldersV2(folders)) {
    const limit = readNumber(join(folder, 'memory.max'));
    const used = readNumber(join(folder, 'memory.current'));
    if (limit === null || used === null) continue;
    return { usedBytes: used - readStat(folder, 'inactive_file'), limitBytes: limit, source: 'cgroup-v2' };
  }
  return null;
}

function readCgroupV1(folders: KernelFolders): MemoryReading | null {
  for (const folder of groupFoldersV1('memory', folders)) {
    const limit = readNumber(join(folder, 'memory.limit_in_bytes'));
    const used = readNumber(join(folder, 'memory.usage_in_bytes'));
    // Version 1 reports a number near 2^63 if there is no limit.
    if (limit === null || used === null || limit >= 2 ** 60) continue;
    return { usedBytes: used - readStat(folder, 'total_inactive_file'), limitBytes: limit, source: 'cgroup-v1' };
  }
  return null;
}

/**
 * Resident bytes of this process and its descendants, without file pages, which processes share.
 */
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
      // The process has ended, or this is not Linux.
      if (pid === process.pid) return process.memoryUsage.rss();
    }
  }
  return total;
}

function readStat(folder: string, name: string): number {
  return readCounter(join(folder, 'memory.stat'), name) ?? 0;
}
