/**
 * Number of songs whose key each profile and the vote of all profiles find, against the key from
 * human analysts. ENCORE_CORPUS names the folder of the songs.
 *
 * Limit (issue: the server under test): at least 20 of 24, by the best single profile and the vote.
 */
import { countRightKeys } from '../packages/music/src/testing/known-keys.ts';

const limit = 20 / 24;

export async function benchMusicKeys(print: (line: string) => void = console.log): Promise<{ ok: boolean }> {
  const corpus = process.env['ENCORE_CORPUS'];
  if (!corpus) {
    print('NOT RUN: set ENCORE_CORPUS to a folder of songs');
    return { ok: false };
  }
  const { songs, right } = await countRightKeys(corpus);
  for (const [method, count] of right) print(`${method}: ${count} of ${songs}`);
  const vote = right.get('vote') ?? 0;
  right.delete('vote');
  return { ok: songs > 0 && Math.min(vote, Math.max(...right.values())) >= songs * limit };
}
