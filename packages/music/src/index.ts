/**
 * The part of the music library that is cheap to load: the score model, its limits and format
 * detection. The tasks in `tasks.ts` load fifty modules, which storing and returning scores does
 * not need.
 */
export { detectFormat, headBytes } from './formats/format.ts';
export { copyNoteColumns } from './model/note-columns.ts';
export type { Score } from './model/score.ts';
export { defaultScoreLimits, type ScoreLimits } from './model/score-limits.ts';
