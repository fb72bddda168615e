/**
 * Plans a run of the project in the current folder: finds everything that can be wrong before
 * anything starts. The lab without Docker calls it, too.
 */
import { randomInt } from 'node:crypto';
import type { FaultKind, Plan, RunConfig } from '@encore/contracts';
import type { Clock } from '@encore/kit';
import { makePlan, refusePlan } from '@encore/plan';
import {
  type CheckedWorkload,
  checkCopy,
  checkModule,
  isProcessFile,
  type PreparedProcesses,
  type PreparedRun,
  type ProcessFile,
  prepareProcesses,
  prepareRun,
} from '@encore/project';
import { encoreFileName } from '@encore/project/encore-file-name';
import { readEncoreFile } from '../settings/encore-file.ts';
import { resolveSettings } from '../settings/resolve-settings.ts';
import { checkout, type ProjectRunOptions } from './command-line.ts';

export interface PlanContext {
  /** How the user starts Encore, for messages. */
  command: string;
  env: NodeJS.ProcessEnv;
  clock: Pick<Clock, 'now'>;
  /** Kinds that this machine cannot inject into processes, each with the reason. */
  impossibleHere: Partial<Record<FaultKind, string>>;
}

interface Planned {
  ok: true;
  config: RunConfig;
  plan: Plan;
  workload: CheckedWorkload;
}
export type PlannedCompose = Planned & { prepared: PreparedRun };
export type PlannedProcesses = Planned & { prepared: PreparedProcesses; file: ProcessFile };

export async function planProject(
  { flags, monitor, keep }: Pick<ProjectRunOptions, 'flags' | 'monitor' | 'keep'>,
  { command, env, clock, impossibleHere }: PlanContext,
): Promise<PlannedCompose | PlannedProcesses | { ok: false; problems: string[] }> {
  const read = readEncoreFile(encoreFileName, command);
  if (!read.ok) return read;
  const { file, settings } = read;
  if (keep && isProcessFile(file))
    return { ok: false, problems: ['--keep: the processes end with the run; remove the option'] };
  const folder = process.cwd();
  const host = { folder, searchPath: env['PATH'] ?? '', impossible: impossibleHere };
  const prepared = isProcessFile(file)
    ? await prepareProcesses({ file, settings }, host)
    : await prepareRun({ file, settings }, folder, clock.now());
  if (!prepared.ok) return prepared;
  const { system } = prepared;
  const resolved = resolveSettings({
    system,
    flags,
    monitor,
    env,
    encoreFile: read,
    randomSeed: () => randomInt(2 ** 31),
  });
  if (!resolved.ok) return resolved;
  const { config } = resolved;
  const plan = makePlan(config, system);
  const workload =
    'runId' in prepared
      ? await checkCopy(prepared.workload, checkout, config.load)
      : await checkModule(prepared.workload, checkout, config.load);
  const problems = [...refusePlan(plan, config), ...workload.mistakes];
  if (problems.length > 0) return { ok: false, problems };
  const planned = { ok: true, config, plan, workload } as const;
  return 'runId' in prepared ? { ...planned, prepared } : { ...planned, prepared, file: file as ProcessFile };
}
