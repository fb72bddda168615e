/** Public API of the reports: their input, and all output formats. */
export { readRunFolder } from '../judge/read/run-folder.ts';
export { textSummary } from './text-summary.ts';
export { writeReports } from './write-reports.ts';
