/** `encore run` and `encore revert` in a folder whose encore.yaml describes processes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { refusedExitCode } from '@encore/contracts';
import { systemClock } from '@encore/kit';
import { problemsOfResults } from '@encore/orchestrator/folder-checks';
import { type PlannedProcesses, planProject } from '@encore/orchestrator/plan-project';
import { plainText } from '@encore/orchestrator/text';
import { local } from '@encore/project';
import { readHostEnvironment } from './config.ts';
import { unsupportedHere } from './embedded-system.ts';
import type { StartedLab } from './lab.ts';
import { chosenPorts } from './ports.ts';
import { startProjectLab } from './project-lab.ts';
import { endStaleLabs } from './stale-labs.ts';

type RunOptions = Parameters<typeof planProject>[0];

/**
 * Finds everything that can be wrong before anything starts, and ends what killed runs of this
 * folder left behind.
 */
export async function planProcesses(
  options: RunOptions,
  env: NodeJS.ProcessEnv,
): Promise<PlannedProcesses | { ok: false; problems: string[] }> {
  const planned = await planProject(options, {
    command: commandOf(env),
    env,
    clock: systemClock,
    impossibleHere: unsupportedHere(),
  });
  if (!planned.ok) return planned;
  if (!('file' in planned)) throw new TypeError('encore.yaml was changed while it was being read; start the run again');
  const { running } = await endStaleLabs(readHostEnvironment(env).homes, process.cwd());
  const problems = [
    ...running.map(
      (pid) => `${stillRunning(pid)}, or wait until it ends: two runs of a project would slow each other down`,
    ),
    ...(await problemsOfResults(resultsOf(process.cwd()), planned.config.hours)),
  ];
  return problems.length > 0 ? { ok: false, problems } : planned;
}

/** Folder of the reports of a project. */
const resultsOf = (folder: string): string => join(folder, 'test_results');

const stillRunning = (pid: number): string =>
  `a run of this folder is still running (process ${pid}); stop it with Ctrl-C`;

interface Environment {
  /** The checkout of Encore. */
  root: string;
  env: NodeJS.ProcessEnv;
  /** Without the variables of the checkout's `.env`. */
  given: NodeJS.ProcessEnv;
}

export async function startProject(
  { prepared, file: { system }, config }: PlannedProcesses,
  { root, env, given }: Environment,
  stop: AbortSignal,
): Promise<StartedLab> {
  for (const note of prepared.notes) print(note);
  const folder = process.cwd();
  const others = withoutSettings(given);
  const lab = await startProjectLab(
    {
      root,
      folder,
      results: resultsOf(folder),
      host: readHostEnvironment(env),
      system,
      workload: prepared.workload,
      env: others,
      page: chosenPorts(env, given).page,
    },
    stop,
  );
  for (const [proxy, port] of Object.entries(lab.proxyPorts)) print(`  ${proxy} is proxied at ${local(port)}`);
  const settings = join(lab.folder.path, 'settings.json');
  writeFileSync(settings, JSON.stringify(config));
  return {
    lab,
    // The settings of the environment are in the file, where flags take precedence over them.
    env: { ...others, ...lab.env, ENCORE_COMMAND: commandOf(env) },
    argv: ['run', '--config', settings],
    // In the folder of encore.yaml, `run` would be this command again.
    cwd: lab.folder.path,
  };
}

/** Ends what killed runs of this folder left behind. */
export async function revertProject(folder: string, env: NodeJS.ProcessEnv): Promise<number> {
  const { ended, running } = await endStaleLabs(readHostEnvironment(env).homes, folder);
  for (const count of ended)
    print(`Ended ${count} ${count === 1 ? 'process' : 'processes'} of a killed run, and removed its folder.`);
  for (const pid of running) process.stderr.write(`encore revert: ${stillRunning(pid)}\n`);
  if (ended.length + running.length === 0) print('No run of this folder left anything behind.');
  return running.length === 0 ? 0 : refusedExitCode;
}

const print = (line: string): void => void process.stdout.write(plainText(`${line}\n`));

const commandOf = (env: NodeJS.ProcessEnv): string => env['ENCORE_COMMAND'] || './encore';

/** The user's environment without the variables that Encore itself reads. */
function withoutSettings(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || name.startsWith('ENCORE_') ? [] : [[name, value]],
    ),
  );
}
