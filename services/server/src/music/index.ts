/**
 * The cheap part of the music library: the score model, its limits and format detection. The tasks
 * in `tasks.ts` load fifty modules, which storing and returning scores does not need.
 */
export { detectFormat } from './format.ts';
export { copyNoteColumns } from './note-columns.ts';
export type { Score } from './score.ts';
export { defaultScoreLimits, type ScoreLimits } from './score-limits.ts';
