/** Somebody's own Compose project: what `encore init` and `encore compose` do. */
export {
  type EncoreFile,
  encoreFileSchema,
  plannedSystem,
  problemsOfEncoreFile,
} from './encore-file/encore-file.ts';
export { type PrintedCompose, printCompose } from './generate/print-compose.ts';
export { encoreFileName, initProject } from './init/init-project.ts';
