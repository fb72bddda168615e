/**
 * The tasks on scores: import, export, analysis. Pure functions without clock, files or network.
 */
export { type AnalysisResults, type AnalysisTask, runAnalysis } from './analysis/analysis-task.ts';
export { outlineScore, type ScoreSummary, summarizeScore } from './analysis/score-outline.ts';
export { parseInterval, transposeScore } from './analysis/transpose-score.ts';
export { type ExportFormat, exportScore } from './formats/export-score.ts';
export { importScore } from './formats/import-score.ts';
export { analyzeKey, type KeyAnalysis } from './keys/key-finder.ts';
export type { ProfileName } from './keys/key-profiles.ts';
