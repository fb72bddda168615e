/**
 * Deletes contents that no score references, keys and scores past their maximum age, and the oldest
 * scores while the total size is above its limit. It works in small batches to avoid delaying
 * users. Two servers may run it at the same time.
 */
import { type Clock, describeError, type Logger } from '@encore/kit';
import type { Database } from './database.ts';

export interface RetentionRules {
  /**
   * How long unreferenced contents are kept: a slow client may still be reading a replaced one or
   * uploading a new one.
   */
  unusedMs: number;
  maxAgeMs: number;
  maxTotalBytes: number;
  onRemoved: (scores: number) => void;
}

const everyMs = 60_000;
const batch = 50;

/** Sweeps every minute until the signal aborts. A failed sweep is repeated in the next round. */
export async function enforceRetention(
  database: Database,
  rules: RetentionRules,
  { clock, logger, signal }: { clock: Clock; logger: Logger; signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(everyMs, signal).catch(() => {});
    await sweep(database, rules, signal).catch((error) => logger.debug({ err: describeError(error) }, 'sweep'));
  }
}

export async function sweep(database: Database, rules: RetentionRules, signal: AbortSignal): Promise<void> {
  const { unusedMs, maxAgeMs, maxTotalBytes, onRemoved } = rules;
  const repeat = async (text: string, value: number): Promise<number> => {
    let removed = 0;
    for (;;) {
      const rows = await database.query(text, [value], signal);
      removed += rows.length;
      if (rows.length < batch) return removed;
    }
  };
  onRemoved(await repeat(expiredScores, maxAgeMs));
  onRemoved(await repeat(scoresOverLimit, maxTotalBytes));
  await repeat(unusedContents, unusedMs);
  await repeat(expiredKeys, maxAgeMs);
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
