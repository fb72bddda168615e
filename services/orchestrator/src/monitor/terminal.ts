/** Detects a terminal that can show the monitor; null for a pipe, a log or CI. */
import type { Screen } from '../progress/progress.ts';
import type { MonitorOptions } from './monitor.ts';

export interface Terminal {
  openMonitor(options: Omit<MonitorOptions, 'stdin' | 'stdout'>): Promise<Screen>;
}

/** A dumb terminal cannot move its cursor. */
export function terminalOf(
  stdin: NodeJS.ReadStream,
  stdout: NodeJS.WriteStream,
  env: NodeJS.ProcessEnv,
): Terminal | null {
  if (stdin.isTTY !== true || stdout.isTTY !== true || env['TERM'] === 'dumb') return null;
  return {
    openMonitor: async (options) => {
      // Ink reads FORCE_COLOR on import, and does not support NO_COLOR (https://no-color.org).
      if (env['NO_COLOR'] && !env['FORCE_COLOR']) env['FORCE_COLOR'] = '0';
      const { openMonitor } = await import('./monitor.ts');
      return openMonitor({ stdin, stdout, ...options });
    },
  };
}
