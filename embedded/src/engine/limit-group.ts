/** A container's memory and CPU limit in a control group; -v1.ts and -v2.ts implement it. */

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
