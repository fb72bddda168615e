/**
 * Creates the tables, retrying until the database is available. Until then the server runs but is
 * not ready.
 */
import { type Clock, describeError, type Logger } from '@encore/kit';
import type { Database } from './database.ts';

const initialPauseMs = 100;
const maxPauseMs = 1_000;

export class Migration {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  #done = false;

  constructor(database: Database, clock: Clock, logger: Logger) {
    this.#database = database;
    this.#clock = clock;
    this.#logger = logger;
  }

  get done(): boolean {
    return this.#done;
  }

  /** Resolves after the first attempt, whatever its outcome. */
  start(): Promise<void> {
    const attempted = Promise.withResolvers<void>();
    void this.#run(attempted.resolve).catch((error) => {
      if (!this.#stop.signal.aborted) this.#logger.error({ err: describeError(error) }, 'migration stopped');
    });
    return attempted.promise;
  }

  stop(): void {
    this.#stop.abort(new Error('the server is stopping'));
  }

  async #run(onAttempt: () => void): Promise<void> {
    for (let pauseMs = initialPauseMs; !this.#stop.signal.aborted; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
      try {
        await this.#database.migrate();
        this.#done = true;
        this.#logger.info('the database is ready');
        onAttempt();
        return;
      } catch (error) {
        this.#logger.warn({ err: describeError(error) }, 'the database is not ready; retrying');
        onAttempt();
        await this.#clock.sleep(pauseMs, this.#stop.signal);
      }
    }
  }
}
