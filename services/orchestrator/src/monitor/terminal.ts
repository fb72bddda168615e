/** A terminal that a monitor can be drawn on, or null where there is none (a pipe, a log, CI). */
import type { Screen } from '../progress/progress.ts';
import type { MonitorOptions } from './monitor.ts';

export interface Terminal {
  openMonitor(options: Omit<MonitorOptions, 'stdin' | 'stdout'>): Promise<Screen>;
}

export function terminalOf(stdin: NodeJS.ReadStream, stdout: NodeJS.WriteStream): Terminal | null {
  if (stdin.isTTY !== true || stdout.isTTY !== true) return null;
  return {
    openMonitor: async (options) => {
      // Loaded on demand: a run without a terminal needs neither ink nor React.
      const { openMonitor } = await import('./monitor.ts');
      return openMonitor({ stdin, stdout, ...options });
    },
  };
}
