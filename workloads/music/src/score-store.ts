/** The stored scores as the read-back sees them: read, list and delete. */
import { storedScoreSchema } from '@encore/contracts/server-api';
import type { Context, ListedObject, StoredObject } from '@encore/workload';
import { z } from 'zod';
import type { MusicParameters } from './user.ts';

type MusicContext = Context<MusicParameters>;

const pageSchema = z.object({ scores: z.array(storedScoreSchema), next: z.string().nullish() });
const pageSize = 500;

/** Returns hash and version of the stored score; null if the server has no such score. */
export async function readScore({ http }: MusicContext, id: string): Promise<StoredObject | null> {
  const response = await http.get(`/scores/${id}`, { read: 'digest', status: [200, 404] });
  if (response.status === 404) return null;
  return { digest: response.digest, version: Number(/"(\d+)"/.exec(response.headers['etag'] ?? '')?.[1] ?? 0) };
}

/** Yields all scores whose id starts with `prefix`. */
export async function* listScores({ http }: MusicContext, prefix: string): AsyncGenerator<ListedObject> {
  let after = '';
  for (;;) {
    const query = new URLSearchParams({ limit: String(pageSize) });
    if (prefix !== '') query.set('prefix', prefix);
    if (after !== '') query.set('after', after);
    const page = pageSchema.parse((await http.get(`/scores?${query}`)).json());
    for (const { id, sha256, version } of page.scores) yield { id, digest: sha256, version };
    if (page.next === null || page.next === undefined || page.next === '') return;
    after = page.next;
  }
}

export async function removeScore({ http }: MusicContext, id: string): Promise<void> {
  await http.delete(`/scores/${id}`, { status: [204, 404] });
}
