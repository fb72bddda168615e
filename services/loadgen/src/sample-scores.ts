/**
 * Reads back a random sample of the users' scores during the run. Scores written in the meantime
 * are skipped. Problems are recorded in the ledger, as in the final read-back, so that they survive
 * later changes of the score.
 */
import type { Random } from '@encore/kit';
import { inParallel } from './in-parallel.ts';
import type { LiveScore } from './live-score.ts';
import {
  type Comparison,
  findingsFor,
  type ReadBackCounts,
  readTwiceIfAbsent,
  recordFindings,
  zeroCounts,
} from './read-back.ts';
import type { VirtualUser } from './virtual-user.ts';

const concurrency = 2;
/** Larger scores are excluded, so that a sample adds little load. */
const maxScoreBytes = 1_000_000;

export interface Sample extends Omit<Comparison, 'runId'> {
  users: readonly VirtualUser[];
  size: number;
  random: Random;
}

export async function sampleScores(sample: Sample): Promise<ReadBackCounts> {
  const { users, ledger, progress } = sample;
  const scores = draw(sample);
  const counts = zeroCounts();
  let done = 0;
  await inParallel(scores, concurrency, async (score) => {
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
    const findings = findingsFor({ scoreId, acknowledged: { key, hash, version }, open: [] }, found);
    const problems = findings.filter(({ finding }) => finding !== 'intact');
    score.foundWrong = problems.length > 0;
    await recordFindings(counts, ledger, scoreId, found, problems);
  });
  return counts;
}

function draw({ users, size, random }: Sample): LiveScore[] {
  const candidates = users
    .flatMap((user) => user.certainScores())
    .filter(({ known, foundWrong }) => known.bytes <= maxScoreBytes && !foundWrong);
  const drawn: LiveScore[] = [];
  while (drawn.length < size && candidates.length > 0) {
    drawn.push(...candidates.splice(random.integer(0, candidates.length - 1), 1));
  }
  return drawn;
}
