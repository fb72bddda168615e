/** Somebody's own Compose project: what `encore init`, `compose`, `run` and `revert` do there. */
export {
  type EncoreFile,
  encoreFileSchema,
  plannedSystem,
  problemsOfEncoreFile,
} from './encore-file/encore-file.ts';
export { initProject } from './init/init-project.ts';
export { initOpenApi } from './openapi/init-openapi.ts';
export { type PreparedRun, prepareRun } from './run/prepare-run.ts';
export { type PrintedCompose, printCompose } from './run/print-compose.ts';
export { interruptedText, runProject } from './run/run-project.ts';
export { revertRuns } from './run/take-down.ts';
export { targetsText } from './run/targets-text.ts';
export { workloadFilesText } from './run/workload-files.ts';
