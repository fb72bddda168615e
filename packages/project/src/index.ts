/** Somebody's own Compose project: what `encore init`, `compose`, `run` and `revert` do there. */
export {
  describesProcesses,
  type EncoreFile,
  encoreFileSchema,
  isProcessFile,
  type ProcessFile,
  parseEncoreFile,
  plannedSystem,
  problemsOfEncoreFile,
  processFileSchema,
} from './encore-file/encore-file.ts';
export { isChosenByEncore, type ProcessSettings, type ProcessSystem } from './encore-file/process-system.ts';
export { resolveReferences } from './encore-file/references.ts';
export { initProject } from './init/init-project.ts';
export { initOpenApi } from './openapi/init-openapi.ts';
export { type CheckedWorkload, checkCopy, checkModule, untestedText } from './run/check-module.ts';
export { describeProcesses, local, type ProcessAddresses, portOf, proxyRunner } from './run/describe-processes.ts';
export { type PreparedProcesses, prepareProcesses } from './run/prepare-processes.ts';
export { type PreparedRun, prepareRun } from './run/prepare-run.ts';
export { type PrintedCompose, printCompose } from './run/print-compose.ts';
export { killsWithoutRestart, restartLines } from './run/restart-text.ts';
export { interruptedText, runProject } from './run/run-project.ts';
export { revertRuns } from './run/take-down.ts';
export { targetsText } from './run/targets-text.ts';
export { workloadFilesText } from './run/workload-files.ts';
