/** Finds the process of a lab program that this process has started. */
import { readdirSync, readFileSync } from 'node:fs';

/** Returns the pid of the child process that runs `program`. */
export function childRunning(program: string): number {
  const pid = readdirSync('/proc').find((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const parent = Number(/\) \S+ (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'latin1'))?.[1]);
      return parent === process.pid && readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(program);
    } catch {
      // The process ended while we were reading.
      return false;
    }
  });
  if (pid === undefined) throw new Error(`no child of this process runs ${program}`);
  return Number(pid);
}
