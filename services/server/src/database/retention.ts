/**
 * Deletes contents that no score references, keys and scores past their maximum age, and the oldest
 * scores while the total size is above its limit. It works in small batches to avoid delaying
 * users. Two servers may run it at the same time.
 */
import { type Clock, describeError, type Logger } from '@encore/kit';
import type { Database } from './database.ts';

export interface RetentionOptions {
  everyMs: number;
  /**
   * How long unreferenced contents are kept: a slow client may still be reading a replaced one or
   * uploading a new one.
   */
  unusedMs: number;
  maxAgeMs: number;
  maxTotalBytes: number;
  onRemoved: (scores: number) => void;
}

const batch = 50;

export class Retention {
  readonly #database: Database;
  readonly #options: RetentionOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(database: Database, options: RetentionOptions, clock: Clock, logger: Logger) {
    this.#database = database;
    this.#options = options;
    this.#clock = clock;
    this.#logger = logger;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.sleep(this.#options.everyMs, signal);
      // A failed sweep is repeated in the next round.
      await this.sweep(signal).catch((error) => this.#logger.debug({ err: describeError(error) }, 'sweep'));
    }
  }

  async sweep(signal: AbortSignal): Promise<void> {
    const { unusedMs, maxAgeMs, maxTotalBytes, onRemoved } = this.#options;
    onRemoved(await this.#repeat(expiredScores, [maxAgeMs], signal));
    onRemoved(await this.#repeat(scoresOverLimit, [maxTotalBytes], signal));
    await this.#repeat(unusedContents, [unusedMs], signal);
    await this.#repeat(expiredKeys, [maxAgeMs], signal);
  }

  async #repeat(text: string, values: unknown[], signal: AbortSignal): Promise<number> {
    let removed = 0;
    for (;;) {
      const rows = await this.#database.query(text, values, signal);
      removed += rows.length;
      if (rows.length < batch) return removed;
    }
  }
}

/** Removes the scores with the ids of `doomed`; their contents become unused. */
const removeDoomed = `gone as (delete from scores s using doomed where s.id = doomed.id returning s.content_id)
  update score_contents c set unused_since = now() from gone where c.content_id = gone.content_id returning 1`;

const expiredScores = `with doomed as (
    select id from scores where updated_at < now() - $1 * interval '1 ms' order by updated_at limit ${batch}
  ), ${removeDoomed}`;

const scoresOverLimit = `with doomed as (
    select id from (select id, sum(bytes) over (order by updated_at desc, id) as total from scores) as newest_first
    where total > $1 limit ${batch}
  ), ${removeDoomed}`;

const unusedContents = `delete from score_contents where content_id in (
    select content_id from score_contents where unused_since < now() - $1 * interval '1 ms' limit ${batch}
  ) returning 1`;

const expiredKeys = `delete from idempotency_keys where key in (
    select key from idempotency_keys where created_at < now() - $1 * interval '1 ms' limit ${batch}
  ) returning 1`;
