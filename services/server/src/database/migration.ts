/** Makes the tables as soon as there is a database, trying again and again: the server lives without one, it is just not ready. */
import { type Clock, describeError, type Logger } from '@encore/kit';
import type { Database } from './database.ts';

const firstPauseMs = 100;
const longestPauseMs = 1_000;

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

  /** Resolves after the first try, however it ended. */
  start(): Promise<void> {
    const tried = Promise.withResolvers<void>();
    void this.#run(tried.resolve).catch((error) => {
      if (!this.#stop.signal.aborted) this.#logger.error({ err: describeError(error) }, 'migration ended');
    });
    return tried.promise;
  }

  stop(): void {
    this.#stop.abort(new Error('the server stops'));
  }

  async #run(onTried: () => void): Promise<void> {
    for (let pauseMs = firstPauseMs; !this.#stop.signal.aborted; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        await this.#database.migrate();
        this.#done = true;
        this.#logger.info('the database is ready');
        onTried();
        return;
      } catch (error) {
        this.#logger.warn({ err: describeError(error) }, 'the database is not ready; trying again');
        onTried();
        await this.#clock.sleep(pauseMs, this.#stop.signal);
      }
    }
  }
}
