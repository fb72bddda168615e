/** Reads back a random sample of what the users own, while they go on. A score that is written to meanwhile is passed over. */
import type { Random } from '@encore/kit';
import { inParallel } from './in-parallel.ts';
import type { LiveScore } from './live-score.ts';
import type { ReadBackCounts } from './read-back.ts';
import type { ScoreClient } from './score-client.ts';
import type { VirtualUser } from './virtual-user.ts';

const width = 2;
/** A sample must not become a load of its own. */
const maxScoreBytes = 1_000_000;

export async function sampleScores(
  users: readonly VirtualUser[],
  size: number,
  client: ScoreClient,
  random: Random,
  progress: (done: number, total: number) => void,
): Promise<ReadBackCounts> {
  const sample = draw(users, size, random);
  const counts: ReadBackCounts = {
    acknowledged: 0,
    readBack: 0,
    lost: 0,
    corrupt: 0,
    duplicate: 0,
    phantom: 0,
    unknownPresent: 0,
    unknownAbsent: 0,
  };
  let done = 0;
  await inParallel(sample, width, async (score) => {
    const { version, writes } = score;
    const sha256 = score.known.sha256;
    const found = await client.read(score.id);
    done += 1;
    progress(done, sample.length);
    if (score.writing || score.uncertain || score.version !== version || score.writes !== writes) return;
    if (score.deletionTried || !users.some(({ scores }) => scores.includes(score))) return;
    counts.acknowledged += 1;
    counts.readBack += 1;
    if (found === null) counts.lost += 1;
    else if (found.sha256 !== sha256 || found.version < version) counts.corrupt += 1;
    else if (found.version > version) counts.duplicate += 1;
  });
  return counts;
}

function draw(users: readonly VirtualUser[], size: number, random: Random): LiveScore[] {
  const all = users.flatMap((user) => user.settled()).filter(({ known }) => known.bytes <= maxScoreBytes);
  const sample: LiveScore[] = [];
  while (sample.length < size && all.length > 0) {
    sample.push(...all.splice(random.integer(0, all.length - 1), 1));
  }
  return sample;
}
