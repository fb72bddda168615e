/**
 * `encore`: the lab on the embedded runtime.
 *
 * `run` and `check` start the lab, run the orchestrator in the foreground, take the lab down and
 * exit with the orchestrator's code. So does `run` in a folder whose encore.yaml describes
 * processes. Every other command goes straight to the orchestrator.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { exitCodes, refusedExitCode } from '@encore/contracts';
import { describeError, EncoreError, surviveOutputLoss } from '@encore/kit';
import { parseCommandLine } from '@encore/orchestrator/command-line';
import { refusalText } from '@encore/orchestrator/text';
import type { StartedLab } from './lab.ts';

const root = join(import.meta.dirname, '..', '..');
const orchestrator = [process.execPath, join(root, 'services', 'orchestrator', 'src', 'main.ts')];

const given = { ...process.env };
const argv = process.argv.slice(2);
/** The encore.yaml in the current folder describes processes. */
let isOfProcesses = false;

export async function main(): Promise<void> {
  surviveOutputLoss();
  // Compose reads the same .env file; in both, the environment takes precedence.
  if (existsSync(join(root, '.env'))) process.loadEnvFile(join(root, '.env'));
  const command = parseCommandLine(argv, process.env);
  isOfProcesses = await hasProcesses();
  const startsLab = command.name === 'check' || (command.name === 'run' && !command.dryRun);
  const isOfProject = isOfProcesses && (command.name === 'run-project' || command.name === 'revert-project');
  const usesHome = startsLab || isOfProject || ['report', 'verify', 'monitor', 'revert'].includes(command.name);
  if (usesHome && (await refusesHome())) return;
  if (command.name === 'run' && startsLab && (await refusesResults(command.config.hours))) return;
  if (startsLab && (await refusesServer())) return;
  if (startsLab) {
    process.exitCode = await runLab(startBundled);
    return;
  }
  if (isOfProcesses && command.name === 'revert-project') {
    const { revertProject } = await import('./project-commands.ts');
    process.exitCode = await revertProject(process.cwd(), process.env);
    return;
  }
  if (isOfProcesses && command.name === 'run-project' && !command.dryRun) {
    const { planProcesses, startProject } = await import('./project-commands.ts');
    const planned = await planProcesses(command, process.env);
    if (!planned.ok) refuses(planned.problems);
    else process.exitCode = await runLab((stop) => startProject(planned, { root, env: process.env, given }, stop));
    return;
  }
  if (command.name === 'report' || command.name === 'verify') await showRuns();
  if (command.name === 'monitor' || command.name === 'revert') await findLab();
  if (command.name === 'run' || command.name === 'run-project') await nameUnsupported();
  // The orchestrator parses the same command line and prints the result or the refusal.
  await import('@encore/orchestrator/main');
}

/** What the commands are about: the bundled lab's checkout, or the folder of a project. */
const subject = (): string => (isOfProcesses ? process.cwd() : root);

/** Folder of all reports; `.env` may set it too. Those of a project are beside encore.yaml. */
function resultsDir(): string {
  const own = isOfProcesses ? undefined : process.env['ENCORE_RESULTS_DIR'];
  return resolve(own || join(subject(), 'test_results'));
}

/** Refuses an unusable ENCORE_HOME before anything starts. */
async function refusesHome(): Promise<boolean> {
  const chosen = process.env['ENCORE_HOME'];
  if (!chosen) return false;
  const { problemOfHome } = await import('./lab-folder.ts');
  const problem = problemOfHome(chosen);
  return refuses(problem === null ? [] : [problem]);
}

/** Refuses a stop file or an unwritable results folder before the lab starts. */
async function refusesResults(hours: number): Promise<boolean> {
  const { problemsOfResults } = await import('@encore/orchestrator/folder-checks');
  return refuses(await problemsOfResults(resultsDir(), hours));
}

/** Before the lab starts, refuses settings that the server would not accept. */
async function refusesServer(): Promise<boolean> {
  const { problemsOfServer } = await import('./config.ts');
  return refuses(problemsOfServer(process.env, root));
}

function refuses(problems: readonly string[]): boolean {
  if (problems.length === 0) return false;
  process.stderr.write(refusalText(problems));
  process.exitCode = refusedExitCode;
  return true;
}

/** Points `report` and `verify` at the runs, which outlive the lab. */
async function showRuns(): Promise<void> {
  const { readHostEnvironment } = await import('./config.ts');
  const { runsOf } = await import('./lab-folder.ts');
  const runs = readHostEnvironment(process.env).homes.map((home) => runsOf(home, subject()));
  process.env['ENCORE_RUNS_DIR'] ||= runs.find((path) => existsSync(path)) ?? runs[0] ?? '';
  process.env['ENCORE_RESULTS_DIR'] = resultsDir();
}

/** Points `monitor` and `revert` at the running lab, whose ports may differ from the defaults. */
async function findLab(): Promise<void> {
  const { readHostEnvironment } = await import('./config.ts');
  const { runningLab } = await import('./running-lab.ts');
  const lab = runningLab(readHostEnvironment(process.env).homes, subject());
  if (lab === null) return;
  const { ports, tokenFile } = lab;
  process.env['ENCORE_PORT_PAGE'] = given['ENCORE_PORT_PAGE'] || String(ports.page);
  process.env['ENCORE_CHAOS_URL'] = given['ENCORE_CHAOS_URL'] || `http://127.0.0.1:${ports.chaos}`;
  process.env['ENCORE_TOKEN_FILE'] = given['ENCORE_TOKEN_FILE'] || tokenFile;
}

/** For `--dry-run`, which starts no lab that could be asked. */
async function nameUnsupported(): Promise<void> {
  const { unsupportedHere } = await import('./embedded-system.ts');
  process.env['ENCORE_UNSUPPORTED'] = JSON.stringify(unsupportedHere());
}

/** Whether the encore.yaml in the current folder describes processes. */
async function hasProcesses(): Promise<boolean> {
  const { encoreFileName } = await import('@encore/project/encore-file-name');
  if (!existsSync(encoreFileName)) return false;
  const { describesProcesses } = await import('@encore/project');
  const { readSettingsFile } = await import('@encore/kit/settings-file');
  const read = readSettingsFile(encoreFileName, '');
  // The orchestrator reports what is wrong with the file.
  return read.ok && describesProcesses(read.settings);
}

async function startBundled(stop: AbortSignal): Promise<StartedLab> {
  const { readHostEnvironment, serverMemoryBytes, unusedVariables } = await import('./config.ts');
  const { startBundledLab } = await import('./bundled-lab.ts');
  const { chosenPorts } = await import('./ports.ts');
  const host = readHostEnvironment(process.env);
  for (const name of unusedVariables(given)) process.stderr.write(`${name}: only the lab on Docker uses it\n`);
  const ports = chosenPorts(process.env, given);
  const memoryBytes = serverMemoryBytes(process.env);
  const lab = await startBundledLab({ root, results: resultsDir(), host, ports, serverMemoryBytes: memoryBytes }, stop);
  return { lab, argv, env: { ...process.env, ...lab.env } };
}

async function runLab(start: (stop: AbortSignal) => Promise<StartedLab>): Promise<number> {
  const { runInForeground } = await import('./foreground.ts');
  const stop = new AbortController();
  let isInForeground = false;
  const onSignal = () => {
    // A second signal ends this process at once, except while the orchestrator is running, which
    // then exits on its own.
    if (stop.signal.aborted && !isInForeground) process.exit(exitCodes.INTERRUPTED);
    stop.abort(new Error('interrupted'));
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  try {
    process.stderr.write('starting the lab\n');
    const started = await start(stop.signal);
    await using lab = started.lab;
    const { env, cwd } = started;
    isInForeground = true;
    const command = [...orchestrator, ...started.argv];
    const code = await runInForeground({ command, env, ...(cwd && { cwd }), reaper: lab.reaper });
    isInForeground = false;
    if (code === refusedExitCode) process.stderr.write(`the logs of the lab's programs are in ${lab.keepLogs()}\n`);
    return code;
  } catch (error) {
    if (stop.signal.aborted) {
      const { interruptedText } = await import('@encore/project');
      process.stderr.write(`${interruptedText}\n`);
      return exitCodes.INTERRUPTED;
    }
    process.stderr.write(
      `encore could not start: ${error instanceof EncoreError ? error.message : describeError(error)}\n`,
    );
    return refusedExitCode;
  }
}
