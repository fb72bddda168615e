/** Where something is in a piece, as people say it: a measure counted from 1, and quarter notes from its beginning. */
import type { Place } from '@encore/contracts';
import { formatRatio } from '../rational.ts';
import { measureAt, type Score } from '../score.ts';

export function placeOf(score: Score, tick: number): Place {
  const index = measureAt(score, tick);
  return { measure: index + 1, offset: quarters(score, tick - (score.measures[index]?.start ?? 0)) };
}

/** A number of ticks as an exact number of quarter notes. */
export function quarters({ ticksPerQuarter }: Score, ticks: number): string {
  return formatRatio(ticks, ticksPerQuarter);
}
