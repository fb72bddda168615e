/** Prepares a run as far as it is possible without starting anything: what `--dry-run` shows. */
import type { KindReasons, System } from '@encore/contracts';
import type { SettingsObject } from '@encore/kit/settings-file';
import type { ComposeProject } from '../compose/compose-model.ts';
import { readCompose } from '../compose/read-compose.ts';
import { type EncoreFile, generateOptions } from '../encore-file/encore-file.ts';
import { type GeneratedProject, generateProject } from '../generate/generate-project.ts';
import { describeSystem } from './describe-system.ts';
import { impossibleFaults } from './impossible-faults.ts';
import { newRunId } from './take-down.ts';
import { unlistedPorts } from './unlisted-ports.ts';
import { findWorkload, missingWorkload, type WorkloadFiles } from './workload-files.ts';

export interface PreparedProject {
  ok: true;
  user: ComposeProject;
  generated: GeneratedProject;
  system: System;
  /** By target: the kinds that are impossible on it, each with the reason. */
  impossible: Record<string, KindReasons>;
  /** By container: its restart policy, as Compose spells it. */
  restartPolicies: Record<string, string>;
  /** For the user. */
  notes: string[];
  /** Undefined if encore.yaml names none. */
  workload: WorkloadFiles | undefined;
}

export interface PreparedRun extends PreparedProject {
  runId: string;
  /** Folder of encore.yaml. */
  folder: string;
  file: EncoreFile;
  workload: WorkloadFiles;
}

/** encore.yaml: what only it has, and the settings of a run. */
export interface ReadFile {
  file: EncoreFile;
  settings: SettingsObject;
}

type Refused = { ok: false; problems: string[] };

/** The image of the bundled lab's Toxiproxy. */
export const sidecarImage = 'ghcr.io/shopify/toxiproxy:2.12.0';

/** What `encore compose` and `encore run` have in common, so that both report the same problems. */
export async function prepareProject(
  { file: { system: own, workload: named }, settings }: ReadFile,
  folder: string,
  runId: string,
): Promise<PreparedProject | Refused> {
  const read = await readCompose(
    { folder, files: own.compose.files },
    'move encore.yaml next to it, or list its path under system.compose.files in encore.yaml',
  );
  if (!read.ok) return { ok: false, problems: [read.problem] };
  const options = generateOptions(own);
  const generated = generateProject(read.project, { ...options, runId, folder, sidecarImage });
  const described = generated.ok ? describeSystem(own, read.project, generated) : null;
  const workload = named === undefined ? null : await findWorkload(named, folder);
  const faults = described?.ok ? impossibleFaults(settings, described.impossible) : [];
  if (!generated.ok || !described?.ok || workload?.ok === false || faults.length > 0) {
    const results = [generated, described, workload];
    const problems = results.flatMap((one) => (one === null || one.ok ? [] : one.problems));
    return { ok: false, problems: [...problems, ...faults] };
  }
  return {
    ok: true,
    user: read.project,
    generated,
    system: described.system,
    impossible: described.impossible,
    restartPolicies: described.restartPolicies,
    notes: [
      ...read.warnings.map((warning) => `docker compose: ${warning}`),
      ...unlistedPorts(read.project, options.proxied),
    ],
    workload: workload?.files,
  };
}

export async function prepareRun(
  { file, settings }: ReadFile,
  folder: string,
  nowMs: number,
): Promise<PreparedRun | Refused> {
  const runId = newRunId(folder, nowMs);
  const prepared = await prepareProject({ file, settings }, folder, runId);
  if (prepared.ok && prepared.workload !== undefined)
    return { ...prepared, workload: prepared.workload, runId, folder, file };
  const missing = file.workload === undefined ? [missingWorkload] : [];
  return { ok: false, problems: [...(prepared.ok ? [] : prepared.problems), ...missing] };
}
