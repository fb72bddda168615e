/**
 * What everybody may know of music, and takes no time to load: the model, its limits, how a format is told. The work on it, in
 * `work.ts`, is fifty modules, and who only stores scores waits for none of them.
 */
export { detectFormat } from './format.ts';
export { copyNoteColumns } from './note-columns.ts';
export type { Score } from './score.ts';
export { defaultScoreLimits, type ScoreLimits } from './score-limits.ts';
