/**
 * Converts ticks to a position in the piece: the measure, counted from 1, and the offset in quarter
 * notes.
 */
import type { Place } from '@encore/contracts';
import { formatRatio } from '../model/rational.ts';
import { measureAt, type Score } from '../model/score.ts';

export function placeOf(score: Score, tick: number): Place {
  const index = measureAt(score, tick);
  return { measure: index + 1, offset: quarters(score, tick - (score.measures[index]?.start ?? 0)) };
}

/** Converts ticks to an exact number of quarter notes, such as "3/2". */
export function quarters({ ticksPerQuarter }: Score, ticks: number): string {
  return formatRatio(ticks, ticksPerQuarter);
}
