/** Counts parts, measures and notes. Grace notes and percussion count as notes, rests do not. */
import type { Score } from './score.ts';

export interface ScoreSummary {
  parts: number;
  measures: number;
  notes: number;
  /** Omitted if there are none. */
  warnings?: string[];
}

export function summarizeScore(score: Score): ScoreSummary {
  const { parts, measures, notes, warnings } = score;
  const counts = { parts: parts.length, measures: measures.length, notes: notes.count };
  return warnings.length === 0 ? counts : { ...counts, warnings };
}
