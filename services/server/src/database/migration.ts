/**
 * Creates the tables, retrying until the database is available. Until then the server runs but is
 * not ready.
 */
import { type Clock, describeError, type Logger } from '@encore/kit';
import type { Database } from './database.ts';

const initialPauseMs = 100;
const maxPauseMs = 1_000;

/** Calls `onAttempt` after each attempt. Ends with the first that succeeds, or when aborted. */
export async function migrate(
  database: Database,
  { clock, logger, signal }: { clock: Clock; logger: Logger; signal: AbortSignal },
  onAttempt: (isDone: boolean) => void,
): Promise<void> {
  for (let pauseMs = initialPauseMs; !signal.aborted; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
    try {
      await database.migrate();
      logger.info('the database is ready');
      return onAttempt(true);
    } catch (error) {
      logger.warn({ err: describeError(error) }, 'the database is not ready; retrying');
      onAttempt(false);
      await clock.sleep(pauseMs, signal).catch(() => {});
    }
  }
}
