/** Where something is in a piece, as people say it: a measure counted from 1, and quarter notes from its beginning. */
import type { Place } from '@encore/contracts';
import { formatRatio } from '../rational.ts';
import type { Score } from '../score.ts';

export function measureAt({ measures }: Score, tick: number): number {
  let [low, high] = [0, measures.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((measures[middle]?.start ?? 0) <= tick) low = middle;
    else high = middle - 1;
  }
  return low;
}

export function placeOf(score: Score, tick: number): Place {
  const index = measureAt(score, tick);
  return { measure: index + 1, offset: quarters(score, tick - (score.measures[index]?.start ?? 0)) };
}

/** A number of ticks as an exact number of quarter notes. */
export function quarters({ ticksPerQuarter }: Score, ticks: number): string {
  return formatRatio(ticks, ticksPerQuarter);
}
