/**
 * Reads back a random sample of the users' objects during the run: those whose stored state is
 * certain. Objects written in the meantime are skipped. Problems are recorded in the ledger, as in
 * the final read-back, so that they survive later changes of the object.
 */
import type { Random } from '@encore/kit';
import { inParallel } from './in-parallel.ts';
import { type ExpectedObject, LedgerState } from './ledger-state.ts';
import {
  type Comparison,
  findingsFor,
  type ReadBackCounts,
  readTwiceIfAbsent,
  recordFindings,
  zeroCounts,
} from './read-back.ts';
import type { UserEntry } from './worker/messages.ts';

const concurrency = 2;
/** Larger objects are excluded, so that a sample adds little load. */
export const maxObjectBytes = 1_000_000;
/** Bounds the memory of a run whose workload never deletes. */
const maxObjects = 20_000;

export interface Sample extends Omit<Comparison, 'list'> {
  size: number;
  random: Random;
}

export class SampledObjects {
  readonly #state = new LedgerState();
  /** Objects whose last acknowledged write was too large. */
  readonly #large = new WeakSet<ExpectedObject>();
  /** Objects with a problem that a sample has recorded. */
  readonly #foundWrong = new WeakSet<ExpectedObject>();

  /** `bytes`: length of the written body; 0 if unknown. */
  add(entry: UserEntry, bytes: number): void {
    const { objects } = this.#state;
    if (entry.type === 'intended' && objects.size >= maxObjects && !objects.has(entry.id)) return;
    this.#state.apply(entry);
    if (entry.type !== 'acknowledged') return;
    const object = objects.get(entry.id);
    if (object === undefined) return;
    if (bytes > maxObjectBytes) this.#large.add(object);
    else this.#large.delete(object);
  }

  async read(sample: Sample): Promise<ReadBackCounts> {
    const { ledger, progress } = sample;
    const drawn = this.#draw(sample);
    const counts = zeroCounts();
    let done = 0;
    await inParallel(drawn, concurrency, async (object) => {
      const { id, acknowledged } = object;
      const found = await readTwiceIfAbsent(id, sample);
      done += 1;
      progress(done, drawn.length);
      if (this.#state.objects.get(id) !== object || object.open.length > 0 || object.acknowledged !== acknowledged)
        return;
      counts.acknowledged += 1;
      counts.readBack += 1;
      const problems = findingsFor(object, found).filter(({ finding }) => finding !== 'intact');
      if (problems.length > 0) this.#foundWrong.add(object);
      await recordFindings(counts, ledger, id, found, problems);
    });
    return counts;
  }

  #draw({ size, random }: Sample): ExpectedObject[] {
    const candidates = [...this.#state.objects.values()].filter(
      (object) =>
        object.acknowledged !== null &&
        object.open.length === 0 &&
        !this.#large.has(object) &&
        !this.#foundWrong.has(object),
    );
    const drawn: ExpectedObject[] = [];
    while (drawn.length < size && candidates.length > 0) {
      drawn.push(...candidates.splice(random.integer(0, candidates.length - 1), 1));
    }
    return drawn;
  }
}
