/** Creates the logger of a process: JSON lines on stderr, so that stdout carries only results. */
import { destination, type Logger, pino } from 'pino';

export type { Logger };

/** Maximum backlog while stderr is blocked; later lines are dropped. */
const maxBufferedBytes = 1_048_576;

export function createLogger(service: string, level = 'info'): Logger {
  const stderr = destination({ fd: 2, sync: true, maxLength: maxBufferedBytes });
  // A failing log (disk full, reader gone) must not end the program.
  stderr.on('error', () => undefined);
  return pino({ name: service, level, base: { service }, timestamp: pino.stdTimeFunctions.isoTime }, stderr);
}
