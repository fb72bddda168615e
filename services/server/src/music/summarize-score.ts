/** How much there is of everything. Rests are not notes; grace notes and percussion are. */
import type { Score } from './score.ts';

export interface ScoreSummary {
  parts: number;
  measures: number;
  notes: number;
}

export function summarizeScore(score: Score): ScoreSummary {
  return { parts: score.parts.length, measures: score.measures.length, notes: score.notes.count };
}
