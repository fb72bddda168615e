/** Runs the commands for the user's own project. */
import { join } from 'node:path';
import { exitCodes, refusedExitCode } from '@encore/contracts';
import { describeError } from '@encore/kit';
import { renderTimeline } from '@encore/plan';
import {
  initOpenApi,
  initProject,
  interruptedText,
  isProcessFile,
  killsWithoutRestart,
  printCompose,
  restartLines,
  revertRuns,
  runProject,
  targetsText,
  untestedText,
  workloadFilesText,
} from '@encore/project';
import { encoreFileName } from '@encore/project/encore-file-name';
import { noticeLines, settingLines } from '../run/opening-lines.ts';
import type { ProgramContext } from '../run/perform-run.ts';
import { readEncoreFile } from '../settings/encore-file.ts';
import { plainText, refusalText } from '../text.ts';
import { type Command, checkout, type ProjectRunOptions } from './command-line.ts';
import { planProject } from './plan-project.ts';

const schema = join(checkout, 'docs', 'schema', 'encore.schema.json');
const workloadSchema = join(checkout, 'docs', 'schema', 'workload.schema.json');

interface Context extends Pick<ProgramContext, 'wiring' | 'clock' | 'stop'> {
  env: NodeJS.ProcessEnv;
  display: Pick<ProgramContext['display'], 'output'>;
}

export async function performProjectCommand(
  command: Extract<Command, { name: 'init' | 'compose' | 'run-project' | 'revert-project' }>,
  context: Context,
  print: (text: string) => void,
): Promise<number> {
  const { wiring, display } = context;
  switch (command.name) {
    case 'init': {
      if (command.openapi !== null) return await initWorkload(command.openapi, command.force, wiring.command, print);
      const initialized = await initProject({ folder: process.cwd(), schema, encore: checkout, ...command });
      if (!initialized.ok) return refused('init', initialized.problems);
      for (const line of initialized.lines) print(line);
      const there = initialized.place === '' ? '' : `go to ${initialized.place}, `;
      print(`\nNext: ${there}read ${encoreFileName}, then run ${wiring.command} run --dry-run`);
      return 0;
    }
    case 'compose': {
      const read = readEncoreFile(encoreFileName, wiring.command);
      if (!read.ok) return refused('compose', read.problems);
      const { file } = read;
      if (isProcessFile(file))
        return refused('compose', [`${encoreFileName} describes processes, which run without a Compose file`]);
      const printed = await printCompose({ ...read, file, path: encoreFileName, ...command });
      if (!printed.ok) return refused('compose', printed.problems);
      for (const note of printed.notes) process.stderr.write(plainText(`${note}\n`));
      display.output.write(printed.text);
      return 0;
    }
    case 'run-project':
      return await run(command, context, print);
    case 'revert-project':
      return await revert(print);
  }
}

async function initWorkload(
  openapi: string,
  force: boolean,
  command: string,
  print: (text: string) => void,
): Promise<number> {
  const input = { folder: process.cwd(), openapi, input: process.stdin, force, schema: workloadSchema };
  const written = await initOpenApi(input);
  if (!written.ok) return refused('init', written.problems);
  for (const line of written.lines) print(line);
  print(`\nNext: read it; if there is no ${encoreFileName} yet, run ${command} init, which finds the workload`);
  return 0;
}

async function run(options: ProjectRunOptions, context: Context, print: (text: string) => void): Promise<number> {
  const { wiring, stop, env, clock } = context;
  print('Reading the project');
  const impossibleHere = wiring.unsupported ?? {};
  const planned = await planProject(options, { command: wiring.command, env, clock, impossibleHere });
  // Ctrl-C also ends the commands that read the project.
  if (stop.aborted) {
    print(interruptedText);
    return exitCodes.INTERRUPTED;
  }
  if (!planned.ok) {
    process.stderr.write(refusalText(planned.problems));
    return refusedExitCode;
  }
  const { prepared, config, plan } = planned;
  const withoutRestart = killsWithoutRestart(plan, prepared.restartPolicies);
  for (const note of [...prepared.notes, ...withoutRestart]) print(note);
  if (options.dryRun) {
    for (const line of [...noticeLines(config, plan), ...settingLines(config, plan)]) print(line);
    print(renderTimeline(plan, {}));
    for (const line of untestedText(planned.workload)) print(`  ${line}\n`);
    for (const line of targetsText(prepared.system, prepared.impossible)) print(line);
    for (const line of restartLines(prepared.system, prepared.restartPolicies)) print(line);
    if ('runId' in prepared) for (const line of ['', ...workloadFilesText(prepared.workload)]) print(line);
    return 0;
  }
  if (!('runId' in prepared))
    return refused('run', ['processes are started by the launcher; use ./encore run'], 'nothing was started');
  return await runProject({
    prepared,
    config,
    root: checkout,
    command: wiring.command,
    keep: options.keep,
    dashboards: options.dashboards && prepared.file.dashboards,
    isTerminal: process.stdin.isTTY === true && process.stdout.isTTY === true,
    print,
    stop,
  });
}

async function revert(print: (text: string) => void): Promise<number> {
  try {
    const problems = await revertRuns(process.cwd(), print);
    return problems.length === 0 ? 0 : refused('revert', problems, 'not everything was removed');
  } catch (error) {
    return refused('revert', [describeError(error)], 'not everything was removed');
  }
}

function refused(name: string, problems: readonly string[], what = 'nothing was written'): number {
  process.stderr.write(plainText(`encore ${name}: ${what}\n${problems.map((one) => `  ${one}\n`).join('')}`));
  return refusedExitCode;
}
