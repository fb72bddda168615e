/**
 * Reads the memory in use and the live limit of the whole container, as the kernel counts them:
 * including our child processes and anything else in it, excluding clean file pages, which the
 * kernel can reclaim at once.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MemoryReading {
  usedBytes: number;
  limitBytes: number;
  source: 'file' | 'cgroup-v2' | 'cgroup-v1' | 'config';
}

export interface MemorySources {
  /** memory_limit_mb, which caps the limit. */
  configuredBytes: number;
  limitFile: string | null;
  /** Overridden in tests. */
  procFolder?: string;
  cgroupFolder?: string;
}

/** The versions of control groups. In version 1 each controller has its own hierarchy. */
const hierarchies = [
  {
    source: 'cgroup-v2',
    group: /^0::(.*)$/m,
    folder: '',
    limit: 'memory.max',
    used: 'memory.current',
    reclaimable: /^inactive_file (\d+)$/m,
  },
  {
    source: 'cgroup-v1',
    group: /^\d+:(?:.*,)?memory(?:,.*)?:(.*)$/m,
    folder: 'memory',
    limit: 'memory.limit_in_bytes',
    used: 'memory.usage_in_bytes',
    reclaimable: /^total_inactive_file (\d+)$/m,
  },
] as const;

/** Version 1 reports a number near 2^63 if there is no limit. */
const unlimitedBytes = 2 ** 60;
const pageBytes = 4_096;

export function readMemory(sources: MemorySources): MemoryReading {
  const { configuredBytes, limitFile, procFolder = '/proc' } = sources;
  const limit = limitFile === null ? Number.NaN : numberIn(limitFile);
  if (!Number.isNaN(limit))
    return { usedBytes: privateBytes(procFolder), limitBytes: Math.min(limit, configuredBytes), source: 'file' };
  const counted = readControlGroup(sources);
  if (counted) return { ...counted, limitBytes: Math.min(counted.limitBytes, configuredBytes) };
  return { usedBytes: privateBytes(procFolder), limitBytes: configuredBytes, source: 'config' };
}

/** Null if this process is in no control group with a memory limit. */
function readControlGroup({
  procFolder = '/proc',
  cgroupFolder = '/sys/fs/cgroup',
}: MemorySources): MemoryReading | null {
  const groups = textIn(join(procFolder, 'self/cgroup'));
  for (const { source, group, folder, limit, used, reclaimable } of hierarchies) {
    const path = group.exec(groups)?.[1];
    if (path === undefined) continue;
    const mount = join(cgroupFolder, folder);
    // In a container the path is the host's, and the root of the mount is our group.
    for (const own of [join(mount, path), mount]) {
      const limitBytes = numberIn(join(own, limit));
      const usedBytes = numberIn(join(own, used));
      if (Number.isNaN(usedBytes) || !(limitBytes < unlimitedBytes)) continue;
      const [, clean = 0] = reclaimable.exec(textIn(join(own, 'memory.stat'))) ?? [];
      return { usedBytes: usedBytes - Number(clean), limitBytes, source };
    }
  }
  return null;
}

/** NaN for `max`, and for a missing file. */
function numberIn(path: string): number {
  return Number.parseInt(textIn(path), 10);
}

/** Empty for a missing file. */
function textIn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
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
