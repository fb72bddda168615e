/** How much there is of everything. Rests are not notes; grace notes and percussion are. */
import type { Score } from './score.ts';

export interface ScoreSummary {
  parts: number;
  measures: number;
  notes: number;
  /** Only where there are any. */
  warnings?: string[];
}

export function summarizeScore(score: Score): ScoreSummary {
  const { parts, measures, notes, warnings } = score;
  const counts = { parts: parts.length, measures: measures.length, notes: notes.count };
  return warnings.length === 0 ? counts : { ...counts, warnings };
}
