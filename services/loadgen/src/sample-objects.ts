/**
 * Reads back a random sample of the users' objects during the run. Objects written in the meantime
 * are skipped. Problems are recorded in the ledger, as in the final read-back, so that they survive
 * later changes of the object.
 */
import type { Random } from '@encore/kit';
import { inParallel } from './in-parallel.ts';
import {
  type Comparison,
  findingsFor,
  type ReadBackCounts,
  readTwiceIfAbsent,
  recordFindings,
  zeroCounts,
} from './read-back.ts';
import type { SampledObject, SampledObjects } from './sampled-objects.ts';

const concurrency = 2;
/** Larger objects are excluded, so that a sample adds little load. */
const maxObjectBytes = 1_000_000;

export interface Sample extends Omit<Comparison, 'list'> {
  objects: SampledObjects;
  size: number;
  random: Random;
}

export async function sampleObjects(sample: Sample): Promise<ReadBackCounts> {
  const { objects, ledger, progress } = sample;
  const drawn = draw(sample);
  const counts = zeroCounts();
  let done = 0;
  await inParallel(drawn, concurrency, async (object) => {
    const { id, acknowledged } = object;
    const found = await readTwiceIfAbsent(id, sample);
    done += 1;
    progress(done, drawn.length);
    if (objects.get(id) !== object || object.open.size > 0 || object.acknowledged !== acknowledged) return;
    counts.acknowledged += 1;
    counts.readBack += 1;
    const problems = findingsFor({ id, acknowledged, open: [] }, found).filter(({ finding }) => finding !== 'intact');
    object.foundWrong = problems.length > 0;
    await recordFindings(counts, ledger, id, found, problems);
  });
  return counts;
}

function draw({ objects, size, random }: Sample): SampledObject[] {
  const candidates = objects.certain().filter(({ bytes, foundWrong }) => bytes <= maxObjectBytes && !foundWrong);
  const drawn: SampledObject[] = [];
  while (drawn.length < size && candidates.length > 0) {
    drawn.push(...candidates.splice(random.integer(0, candidates.length - 1), 1));
  }
  return drawn;
}
