/** Prepares a run as far as it is possible without starting anything: what `--dry-run` shows. */
import type { System } from '@encore/contracts';
import type { ComposeProject } from '../compose/compose-model.ts';
import { readCompose } from '../compose/read-compose.ts';
import { type EncoreFile, generateOptions } from '../encore-file/encore-file.ts';
import { type GeneratedProject, generateProject } from '../generate/generate-project.ts';
import { sidecarImage } from '../generate/print-compose.ts';
import { unlistedPorts } from '../generate/unlisted-ports.ts';
import type { Reasons } from './applicable-kinds.ts';
import { describeSystem } from './describe-system.ts';
import { newRunId } from './take-down.ts';
import { findWorkload, type WorkloadFiles } from './workload-files.ts';

export interface PreparedRun {
  ok: true;
  runId: string;
  /** Folder of encore.yaml. */
  folder: string;
  file: EncoreFile;
  user: ComposeProject;
  generated: GeneratedProject;
  system: System;
  workload: WorkloadFiles;
  /** By target: the kinds that are impossible on it, each with the reason. */
  impossible: Record<string, Reasons>;
  /** For the user. */
  notes: string[];
}

export async function prepareRun(
  file: EncoreFile,
  folder: string,
  nowMs: number,
): Promise<PreparedRun | { ok: false; problems: string[] }> {
  const { system: own } = file;
  const read = await readCompose({ folder, files: own.compose.files });
  if (!read.ok) return { ok: false, problems: [read.problem] };
  const runId = newRunId(folder, nowMs);
  const options = generateOptions(own);
  const generated = generateProject(read.project, { ...options, runId, folder, sidecarImage });
  const workload = await findWorkload(file.workload, folder);
  const described = generated.ok ? describeSystem(own, read.project, generated) : null;
  if (!generated.ok || !workload.ok || !described?.ok) {
    const results = [generated, workload, described];
    return { ok: false, problems: results.flatMap((one) => (one === null || one.ok ? [] : one.problems)) };
  }
  return {
    ok: true,
    runId,
    folder,
    file,
    user: read.project,
    generated,
    system: described.system,
    workload: workload.files,
    impossible: described.impossible,
    notes: [
      ...read.warnings.map((warning) => `docker compose: ${warning}`),
      ...unlistedPorts(read.project, options.proxied),
    ],
  };
}
