/** Prepares a run of processes as far as possible without starting anything. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import type { KindReasons, System } from '@encore/contracts';
import { upstreamOf } from '@encore/kit';
import type { SettingsObject } from '@encore/kit/settings-file';
import type { ProcessFile } from '../encore-file/encore-file.ts';
import type { ProcessSettings, ProcessSystem } from '../encore-file/process-system.ts';
import { describeProcesses, namedAddresses, portOf } from './describe-processes.ts';
import { impossibleFaults } from './impossible-faults.ts';
import { findWorkload, missingWorkload } from './workload-files.ts';

export interface PreparedProcesses {
  ok: true;
  /** With the ports of encore.yaml; a run may choose others. */
  system: System;
  /** By target: the kinds that are impossible on it, each with the reason. */
  impossible: Record<string, KindReasons>;
  /** By container: its restart policy, as Compose spells it. */
  restartPolicies: Record<string, string>;
  /** For the user. */
  notes: string[];
  /** Path of the workload. */
  workload: string;
}

/** What the machine offers. */
export interface Host {
  /** Folder of encore.yaml. */
  folder: string;
  /** Value of PATH. */
  searchPath: string;
  /** Kinds that it cannot inject, each with the reason. */
  impossible: KindReasons;
}

export async function prepareProcesses(
  { file: { system, workload: named }, settings }: { file: ProcessFile; settings: SettingsObject },
  { folder, searchPath, impossible }: Host,
): Promise<PreparedProcesses | { ok: false; problems: string[] }> {
  const described = describeProcesses(system, namedAddresses(system), impossible);
  const workload = named === undefined ? null : await findWorkload(named, folder);
  const problems = [
    ...(await problemsOfFiles(system, folder, searchPath)),
    ...(described.ok ? impossibleFaults(settings, described.impossible) : described.problems),
    ...(workload?.ok === false ? workload.problems : []),
    ...(named === undefined ? [missingWorkload] : []),
  ];
  if (problems.length > 0 || !described.ok || named === undefined) return { ok: false, problems };
  return {
    ok: true,
    system: described.system,
    impossible: described.impossible,
    restartPolicies: described.restartPolicies,
    notes: bypasses(system),
    workload: resolve(folder, named),
  };
}

/** Programs, folders and files that do not exist. */
async function problemsOfFiles({ processes }: ProcessSystem, folder: string, searchPath: string): Promise<string[]> {
  const problems: string[] = [];
  for (const [name, { command, cwd = '.', postgres }] of Object.entries(processes)) {
    const path = `system.processes.${name}`;
    const inside = resolve(folder, cwd);
    const isFolder = await stat(inside).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!isFolder) problems.push(`${path}.cwd: ${cwd}: no such folder in ${folder}`);
    const [program] = command ?? [];
    if (program !== undefined && isFolder && !(await isExecutable(program, inside, searchPath)))
      problems.push(
        program.includes('/')
          ? `${path}.command: ${program}: no such program; expected a path relative to ${inside}, or an absolute one`
          : `${path}.command: ${program}: no such program in the folders of PATH; install it, or use its path`,
      );
    const schema = postgres?.schema;
    if (schema !== undefined && !(await canAccess(resolve(folder, schema), constants.R_OK)))
      problems.push(`${path}.postgres.schema: ${schema}: no such file in ${folder}, or it cannot be read`);
  }
  return problems;
}

async function isExecutable(program: string, folder: string, searchPath: string): Promise<boolean> {
  const candidates = program.includes('/')
    ? [isAbsolute(program) ? program : join(folder, program)]
    : searchPath.split(delimiter).map((one) => join(one, program));
  for (const candidate of candidates) if (await canAccess(candidate, constants.X_OK)) return true;
  return false;
}

const canAccess = (path: string, mode: number): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  );

/** Notes on addresses of a listed port that bypass its proxy, where no network fault acts. */
function bypasses({ processes, proxies }: ProcessSystem): string[] {
  return Object.entries(processes).flatMap(([name, process]) =>
    textsOf(process).flatMap(([at, text]) =>
      Object.keys(proxies)
        .filter((proxy) => upstreamOf(proxy) !== name && leadsTo(text, portOf(proxy)))
        .map(
          (proxy) =>
            `${name}: ${at} leads to port ${portOf(proxy)} and bypasses the proxy of ${upstreamOf(proxy)}, so no network fault acts on it; write \${proxy.${proxy}} for the address`,
        ),
    ),
  );
}

const leadsTo = (text: string, port: number): boolean =>
  new RegExp(String.raw`\b(localhost|127\.0\.0\.1):${port}\b`).test(text);

function textsOf({ command = [], env }: Pick<ProcessSettings, 'command' | 'env'>): [at: string, text: string][] {
  return [
    ...command.map((text): [string, string] => ['command', text]),
    ...Object.entries(env).map(([key, text]): [string, string] => [`env.${key}`, text]),
  ];
}
