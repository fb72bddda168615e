/**
 * Control groups v2: one folder below the root of the unified hierarchy, with memory and cpu
 * enabled.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { controllerMounts, readCounters, readNumber, readPids, removeGroup, write } from './cgroup-files.ts';
import type { LimitGroup } from './limit-group.ts';

const periodMicroseconds = 100_000;
const controllers = '+memory +cpu';

export function openGroupV2(parent: string, name: string): LimitGroup | null {
  const root = controllerMounts().get('');
  if (root === undefined) return null;
  const available = readFileSync(join(root, 'cgroup.controllers'), 'utf8').split(/\s+/);
  if (!available.includes('memory') || !available.includes('cpu')) return null;
  const folder = join(root, parent, name);
  mkdirSync(folder, { recursive: true });
  write(root, 'cgroup.subtree_control', controllers);
  write(dirname(folder), 'cgroup.subtree_control', controllers);

  return {
    version: '2',
    memoryLimitFile: join(folder, 'memory.max'),
    enter: (pid) => write(folder, 'cgroup.procs', pid),
    pids: () => readPids(folder),
    // Below the current usage the kernel reclaims, then kills inside the group, as with Docker.
    setMemory: (bytes, withSwapBytes) => {
      write(folder, 'memory.max', bytes);
      if (existsSync(join(folder, 'memory.swap.max'))) write(folder, 'memory.swap.max', withSwapBytes - bytes);
    },
    setCpus: (cpus) => write(folder, 'cpu.max', `${Math.round(cpus * periodMicroseconds)} ${periodMicroseconds}`),
    memory: () => ({
      usageBytes: readNumber(folder, 'memory.current'),
      limitBytes: Number(readFileSync(join(folder, 'memory.max'), 'utf8')) || Number.MAX_SAFE_INTEGER,
      counters: readCounters(folder, 'memory.stat'),
    }),
    cpuSeconds: () => (readCounters(folder, 'cpu.stat')['usage_usec'] ?? 0) / 1e6,
    throttledPeriods: () => readCounters(folder, 'cpu.stat')['nr_throttled'] ?? 0,
    oomKills: () => readCounters(folder, 'memory.events')['oom_kill'] ?? 0,
    remove: () => {
      removeGroup(folder);
      removeGroup(dirname(folder));
    },
  };
}
