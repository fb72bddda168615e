/**
 * A container's memory and CPU limit, on systems with writable control groups. Whether they are
 * writable is tested by writing, not by user id: root in a container often cannot.
 */
import { openGroupV1 } from './limit-group-v1.ts';
import { openGroupV2 } from './limit-group-v2.ts';

export interface MemoryUsage {
  readonly usageBytes: number;
  readonly limitBytes: number;
  /**
   * The kernel's counters by the kernel's names; they show how much of the usage is reclaimable.
   */
  readonly counters: Readonly<Record<string, number>>;
}

export interface LimitGroup {
  readonly version: '1' | '2';
  /** The kernel's file with the current limit, for a program that reads it. */
  readonly memoryLimitFile: string;
  /**
   * Call before the program allocates: memory stays charged to the group in which it was allocated.
   */
  enter(pid: number): void;
  pids(): number[];
  /** Throws when the kernel refuses (v1 below the usage). */
  setMemory(bytes: number, withSwapBytes: number): void;
  setCpus(cpus: number): void;
  memory(): MemoryUsage;
  cpuSeconds(): number;
  /** Number of periods in which the kernel throttled it. */
  throttledPeriods(): number;
  oomKills(): number;
  remove(): void;
}

/** Name of the folder with the groups of the lab with this pid. */
export const groupFolder = (labPid: number): string => `encore-${labPid}`;

export function openLimitGroup(labPid: number, name: string): LimitGroup | null {
  if (process.platform !== 'linux') return null;
  for (const open of [openGroupV1, openGroupV2]) {
    try {
      const group = open(groupFolder(labPid), name);
      if (group) return group;
    } catch {
      // Read-only, not ours, or missing: try the next version.
    }
  }
  return null;
}
