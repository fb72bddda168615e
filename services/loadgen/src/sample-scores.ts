/**
 * Reads back a random sample of what the users own, while they go on. A score that is written to meanwhile is passed over; what is wrong
 * with one is written into the ledger, as by the final read-back, so that it stays known whatever becomes of the score.
 */
import type { Random } from '@encore/kit';
import { inParallel } from './in-parallel.ts';
import type { LiveScore } from './live-score.ts';
import {
  type Comparison,
  judgeScore,
  noCounts,
  noteFindings,
  type ReadBackCounts,
  readTwiceIfAbsent,
} from './read-back.ts';
import type { VirtualUser } from './virtual-user.ts';

const width = 2;
/** A sample must not become a load of its own. */
const maxScoreBytes = 1_000_000;

export interface Sample extends Omit<Comparison, 'runId'> {
  users: readonly VirtualUser[];
  size: number;
  random: Random;
}

export async function sampleScores(sample: Sample): Promise<ReadBackCounts> {
  const { users, ledger, progress } = sample;
  const scores = draw(sample);
  const counts = noCounts();
  let done = 0;
  await inParallel(scores, width, async (score) => {
    const { id: scoreId, version, writes, acknowledgedKey: key } = score;
    const hash = score.known.sha256;
    const found = await readTwiceIfAbsent(scoreId, sample);
    done += 1;
    progress(done, scores.length);
    if (key === null || score.writing || score.uncertain || score.version !== version || score.writes !== writes)
      return;
    if (score.deletionTried || !users.some((user) => user.scores.includes(score))) return;
    counts.acknowledged += 1;
    counts.readBack += 1;
    const findings = judgeScore({ scoreId, acknowledged: { key, hash, version }, open: [] }, found);
    const wrong = findings.filter(({ verdict }) => verdict !== 'intact');
    score.foundWrong = wrong.length > 0;
    await noteFindings(counts, ledger, scoreId, found, wrong);
  });
  return counts;
}

function draw({ users, size, random }: Sample): LiveScore[] {
  const all = users
    .flatMap((user) => user.settled())
    .filter(({ known, foundWrong }) => known.bytes <= maxScoreBytes && !foundWrong);
  const drawn: LiveScore[] = [];
  while (drawn.length < size && all.length > 0) {
    drawn.push(...all.splice(random.integer(0, all.length - 1), 1));
  }
  return drawn;
}
