/**
 * A container's memory and CPU limit, where the system has control groups that we may write. Whether we may is found out by
 * trying, never by asking who we are: root in a container often may not.
 */
import { openGroupV1 } from './limit-group-v1.ts';
import { openGroupV2 } from './limit-group-v2.ts';

export interface MemoryUsage {
  readonly usageBytes: number;
  readonly limitBytes: number;
  /** The kernel's own counters, by its own names: which of the usage could be reclaimed. */
  readonly counters: Readonly<Record<string, number>>;
}

export interface LimitGroup {
  readonly version: '1' | '2';
  /** The kernel's file with the live limit, for a program that wants to know it. */
  readonly memoryLimitFile: string;
  /** Must be called before the program allocates: what a process has stays charged to its old group. */
  enter(pid: number): void;
  pids(): number[];
  /** Throws where the kernel refuses (v1 below usage). */
  setMemory(bytes: number, withSwapBytes: number): void;
  setCpus(cpus: number): void;
  memory(): MemoryUsage;
  cpuSeconds(): number;
  /** In how many of its periods the kernel stopped it at the limit. */
  throttledPeriods(): number;
  oomKills(): number;
  remove(): void;
}

/** The name of the folder that holds the groups of the lab with this pid. */
export const groupFolder = (labPid: number): string => `encore-${labPid}`;

export function openLimitGroup(labPid: number, name: string): LimitGroup | null {
  if (process.platform !== 'linux') return null;
  for (const open of [openGroupV1, openGroupV2]) {
    try {
      const group = open(groupFolder(labPid), name);
      if (group) return group;
    } catch {
      // Read-only, not ours, or not there: try the next, else go without.
    }
  }
  return null;
}
