/**
 * `encore`: the lab without Docker. What needs no lab goes straight to the orchestrator; `run` and `check` start the lab,
 * put the orchestrator in front of it, and take the lab down with whatever exit code it ended.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { exitCodes, refusedExitCode } from '@encore/contracts';
import { describeError, EncoreError, surviveOutputLoss } from '@encore/kit';
import { parseCommandLine } from '@encore/orchestrator/command-line';
import { refusalText } from '@encore/orchestrator/refusal-text';

const root = join(import.meta.dirname, '..', '..');
const orchestrator = [process.execPath, join(root, 'services', 'orchestrator', 'src', 'main.ts')];

const given = { ...process.env };
const argv = process.argv.slice(2);

export async function main(): Promise<void> {
  surviveOutputLoss();
  // Ports, and settings that somebody keeps there: Compose reads the same file, and there too the environment goes before it.
  if (existsSync(join(root, '.env'))) process.loadEnvFile(join(root, '.env'));
  const command = parseCommandLine(argv, process.env);
  const startsLab = command.name === 'check' || (command.name === 'run' && !command.dryRun);
  const usesHome = startsLab || ['report', 'verify', 'monitor', 'heal'].includes(command.name);
  if (usesHome && (await refusesHome())) return;
  if (command.name === 'run' && startsLab && (await refusesResults(command.config.hours))) return;
  if (startsLab && (await refusesServer())) return;
  if (startsLab) {
    process.exitCode = await runLab();
    return;
  }
  if (command.name === 'report' || command.name === 'verify') await showRuns();
  if (command.name === 'monitor' || command.name === 'heal') await findLab();
  if (command.name === 'run') await nameUnsupported();
  // It reads the same command line, and prints, refuses or answers by itself.
  await import('@encore/orchestrator/main');
}

/** Every command keeps or finds its reports here; `.env` may set it too. */
function resultsDir(): string {
  return resolve(process.env['ENCORE_RESULTS_DIR'] || join(root, 'test_results'));
}

/** Before anything is started or looked for. */
async function refusesHome(): Promise<boolean> {
  const chosen = process.env['ENCORE_HOME'];
  if (!chosen) return false;
  const { problemOfHome } = await import('./lab-folder.ts');
  const problem = problemOfHome(chosen);
  return refuses(problem === null ? [] : [problem]);
}

/** A stop file, or results that cannot be written: for that alone no lab is started. */
async function refusesResults(hours: number): Promise<boolean> {
  const { problemsOfResults } = await import('@encore/orchestrator/folder-checks');
  return refuses(await problemsOfResults(resultsDir(), hours));
}

/** Settings that the server would refuse: for them no lab is started either. */
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

/** Runs are asked for when the lab is gone, but they are still where it kept them. */
async function showRuns(): Promise<void> {
  const { readHostEnvironment } = await import('./config.ts');
  const { runsOf } = await import('./lab-folder.ts');
  const runs = readHostEnvironment(process.env).homes.map((home) => runsOf(home, root));
  process.env['ENCORE_RUNS_DIR'] ||= runs.find((path) => existsSync(path)) ?? runs[0] ?? '';
  process.env['ENCORE_RESULTS_DIR'] = resultsDir();
}

/** A lab without Docker takes other ports where these are taken. */
async function findLab(): Promise<void> {
  const { readHostEnvironment } = await import('./config.ts');
  const { runningLab } = await import('./running-lab.ts');
  const lab = runningLab(readHostEnvironment(process.env).homes, root);
  if (lab === null) return;
  const { ports, tokenFile } = lab;
  process.env['ENCORE_PORT_PAGE'] = given['ENCORE_PORT_PAGE'] || String(ports.page);
  process.env['ENCORE_CHAOS_URL'] = given['ENCORE_CHAOS_URL'] || `http://127.0.0.1:${ports.chaos}`;
  process.env['ENCORE_TOKEN_FILE'] = given['ENCORE_TOKEN_FILE'] || tokenFile;
}

/** For `--dry-run`, which starts no lab that could be asked. */
async function nameUnsupported(): Promise<void> {
  const { unsupportedHere } = await import('./topology.ts');
  process.env['ENCORE_UNSUPPORTED'] = JSON.stringify(unsupportedHere());
}

async function runLab(): Promise<number> {
  const { readHostEnvironment, serverMemoryBytes } = await import('./config.ts');
  const { startLab } = await import('./lab.ts');
  const { chosenPorts, portsWithoutUse } = await import('./ports.ts');
  const { runInFront } = await import('./foreground.ts');
  const stop = new AbortController();
  let isInFront = false;
  const onSignal = () => {
    // Who is in front leaves by itself, with a last word.
    if (stop.signal.aborted && !isInFront) process.exit(exitCodes.INTERRUPTED);
    stop.abort(new Error('interrupted'));
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  try {
    const host = readHostEnvironment(process.env);
    process.stderr.write('starting the lab\n');
    for (const name of portsWithoutUse(given)) process.stderr.write(`${name}: only the lab on Docker uses this port\n`);
    const ports = chosenPorts(process.env, given);
    await using lab = await startLab(
      { root, results: resultsDir(), host, ports, serverMemoryBytes: serverMemoryBytes(process.env) },
      stop.signal,
    );
    const env = { ...process.env, ...lab.env };
    isInFront = true;
    const code = await runInFront({ command: [...orchestrator, ...argv], env, reaper: lab.reaper });
    isInFront = false;
    if (code === refusedExitCode) process.stderr.write(`the logs of the lab's programs are in ${lab.keepLogs()}\n`);
    return code;
  } catch (error) {
    if (stop.signal.aborted) return exitCodes.INTERRUPTED;
    process.stderr.write(
      `encore could not start: ${error instanceof EncoreError ? error.message : describeError(error)}\n`,
    );
    return refusedExitCode;
  }
}
