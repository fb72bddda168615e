/**
 * The tasks on scores: import, export, analysis. Pure functions without clock, files or network.
 */
export { type AnalysisResults, type AnalysisTask, runAnalysis } from './analysis/analysis-task.ts';
export { outlineScore } from './analysis/score-outline.ts';
export { parseInterval, transposeScore } from './analysis/transpose-score.ts';
export { type ExportFormat, exportScore } from './export-score.ts';
export { importScore } from './import-score.ts';
export { analyzeKey, type KeyAnalysis } from './key-finder.ts';
export type { ProfileName } from './key-profiles.ts';
export { type ScoreSummary, summarizeScore } from './summarize-score.ts';
