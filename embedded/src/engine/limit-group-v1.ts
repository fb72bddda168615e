/** Control groups v1: one folder in each of the hierarchies memory, cpu and cpuacct. */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { controllerMounts, readCounters, readNumber, readPids, removeGroup, write } from './cgroup-files.ts';
import { EngineError } from './engine-error.ts';
import type { LimitGroup } from './limit-group.ts';

const periodMicroseconds = 100_000;
const swapLimit = 'memory.memsw.limit_in_bytes';

export function openGroupV1(parent: string, name: string): LimitGroup | null {
  const mounts = controllerMounts();
  const folders = ['memory', 'cpu', 'cpuacct'].map((controller) => {
    const mount = mounts.get(controller);
    return mount === undefined ? undefined : join(mount, parent, name);
  });
  const [memory, cpu, cpuAccount] = folders;
  if (memory === undefined || cpu === undefined || cpuAccount === undefined) return null;
  const distinct = [...new Set([memory, cpu, cpuAccount])];
  for (const folder of distinct) mkdirSync(folder, { recursive: true });
  // The first write shows whether the folder is a control group that we may change.
  write(cpu, 'cpu.cfs_period_us', periodMicroseconds);

  return {
    version: '1',
    memoryLimitFile: join(memory, 'memory.limit_in_bytes'),
    enter: (pid) => {
      for (const folder of distinct) write(folder, 'cgroup.procs', pid);
    },
    pids: () => readPids(memory),
    setMemory: (bytes, withSwapBytes) => setMemory(memory, bytes, withSwapBytes),
    setCpus: (cpus) => write(cpu, 'cpu.cfs_quota_us', Math.round(cpus * periodMicroseconds)),
    memory: () => ({
      usageBytes: readNumber(memory, 'memory.usage_in_bytes'),
      limitBytes: readNumber(memory, 'memory.limit_in_bytes'),
      counters: readCounters(memory, 'memory.stat'),
    }),
    cpuSeconds: () => readNumber(cpuAccount, 'cpuacct.usage') / 1e9,
    throttledPeriods: () => readCounters(cpu, 'cpu.stat')['nr_throttled'] ?? 0,
    oomKills: () => readCounters(memory, 'memory.oom_control')['oom_kill'] ?? 0,
    remove: () => {
      for (const folder of distinct) {
        removeGroup(folder);
        removeGroup(dirname(folder));
      }
    },
  };
}

/**
 * The memory limit must never exceed the limit with swap, so the order of writes depends on the
 * direction.
 */
function setMemory(folder: string, bytes: number, withSwapBytes: number): void {
  const steps = [
    () => write(folder, 'memory.limit_in_bytes', bytes),
    () => {
      // Kernels without swap accounting lack this file.
      if (existsSync(join(folder, swapLimit))) write(folder, swapLimit, withSwapBytes);
    },
  ];
  if (readNumber(folder, 'memory.limit_in_bytes') < bytes) steps.reverse();
  try {
    for (const step of steps) step();
  } catch (error) {
    const usage = readNumber(folder, 'memory.usage_in_bytes');
    const peak = readNumber(folder, 'memory.max_usage_in_bytes');
    throw new EngineError(
      500,
      `unable to set memory limit to ${bytes} (current usage: ${usage}, peak usage: ${peak})`,
      { cause: error },
    );
  }
}
