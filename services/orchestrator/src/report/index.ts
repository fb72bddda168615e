/** The reports' door: what they are made from, and every form they take. */
export { readRunFolder } from '../judge/run-folder.ts';
export { textSummary } from './text-summary.ts';
export { writeReports } from './write-reports.ts';
