/** A terminal that a monitor can be drawn on, or null where there is none (a pipe, a log, CI). */
import type { Screen } from '../progress/progress.ts';
import type { MonitorOptions } from './monitor.ts';

export interface Terminal {
  openMonitor(options: Omit<MonitorOptions, 'stdin' | 'stdout'>): Promise<Screen>;
}

/** A terminal that calls itself dumb cannot move its cursor. */
export function terminalOf(
  stdin: NodeJS.ReadStream,
  stdout: NodeJS.WriteStream,
  env: NodeJS.ProcessEnv,
): Terminal | null {
  if (stdin.isTTY !== true || stdout.isTTY !== true || env['TERM'] === 'dumb') return null;
  return {
    openMonitor: async (options) => {
      // Ink's colours know FORCE_COLOR and not NO_COLOR (https://no-color.org); they read it when they are loaded.
      if (env['NO_COLOR'] && !env['FORCE_COLOR']) env['FORCE_COLOR'] = '0';
      // Loaded on demand: a run without a terminal needs neither ink nor React.
      const { openMonitor } = await import('./monitor.ts');
      return openMonitor({ stdin, stdout, ...options });
    },
  };
}
