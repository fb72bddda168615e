/**
 * Counts for how many songs each key profile finds the key that human analysts found; for a test
 * and a benchmark.
 */
import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importScore } from '../formats/import-score.ts';
import { analyzeKey } from '../keys/key-finder.ts';
import { type ProfileName, profileNames } from '../keys/key-profiles.ts';
import { defaultScoreLimits } from '../model/score-limits.ts';

export interface RightKeys {
  songs: number;
  right: Map<ProfileName | 'vote', number>;
}

/** `corpus` has a folder `scores` with an index.json that lists the file and key of each song. */
export async function countRightKeys(corpus: string): Promise<RightKeys> {
  const folder = join(corpus, 'scores');
  const index: { file: string; key: string }[] = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'));
  const methods = [...profileNames, 'vote'] as const;
  const right: RightKeys['right'] = new Map(methods.map((method) => [method, 0]));
  for (const { file, key } of index) {
    const bytes = createReadStream(join(folder, file));
    const score = await importScore(bytes, defaultScoreLimits);
    for (const method of methods)
      if (analyzeKey(score, method).key === key) right.set(method, (right.get(method) ?? 0) + 1);
  }
  return { songs: index.length, right };
}
