/** One logger per process: JSON lines on stderr, so that stdout stays free for what a person asked for. */
import { destination, type Logger, pino } from 'pino';

export type { Logger };

/** What waits for an output that does not take it, at most; later lines are dropped. */
const maxWaitingBytes = 1_048_576;

export function createLogger(service: string, level = 'info'): Logger {
  const stderr = destination({ fd: 2, sync: true, maxLength: maxWaitingBytes });
  // A log that cannot be written (its disk is full, its reader left) must not end the program that writes it.
  stderr.on('error', () => undefined);
  return pino({ name: service, level, base: { service }, timestamp: pino.stdTimeFunctions.isoTime }, stderr);
}
