/**
 * Deletes scores of earlier runs, within the client's deadline, because they slow the server down.
 */
import { inParallel } from './in-parallel.ts';
import type { ScoreClient } from './score-client.ts';

/** `<runId>-u<user>-<n>` and `<runId>-probe-<n>`; other scores are not ours. */
const scoreOfRun = /^(.+)-(?:u\d+|probe)-\d+$/;

export async function deleteOldScores(client: ScoreClient, runId: string): Promise<number> {
  let deleted = 0;
  await inParallel(client.list(''), 2, async ({ id }) => {
    const owner = scoreOfRun.exec(id)?.[1];
    if (owner === undefined || owner === runId) return;
    await client.delete(id);
    deleted += 1;
  });
  return deleted;
}
