/** Removes what earlier runs left on the server, as far as it gets in a bounded time: they would only make it slower. */
import { inParallel } from './in-parallel.ts';
import type { ScoreClient } from './score-client.ts';

/** `<runId>-u<user>-<n>` and `<runId>-probe-<n>`; other scores belong to somebody else. */
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
