/** The `encore` program: parses the command line and runs the command. */
import { exitCodes, refusedExitCode } from '@encore/contracts';
import { createLogger, describeError, EncoreError, type OutputLoss, surviveOutputLoss, systemClock } from '@encore/kit';
import { parseCommandLine } from './cli/command-line.ts';
import { performCommand } from './cli/perform-command.ts';
import { readWiring, type Wiring } from './config.ts';
import { terminalOf } from './monitor/terminal.ts';
import { refusalText } from './text.ts';

/** Compose sends SIGKILL 30 s after SIGTERM. */
const shutdownTimeoutMs = 25_000;

const stop = new AbortController();
let isRun = false;
let isProject = false;
function onSignal(name: string): void {
  if (stop.signal.aborted) exitNow();
  // The orchestrator in the container has its own timeout; then everything is removed.
  if (!isProject) setTimeout(exitLate, shutdownTimeoutMs).unref();
  stop.abort(new Error(`stopped by ${name}`));
}

/** Handles the second signal. The chaos service reverts all faults when the run lease expires. */
function exitNow(): never {
  const command = process.env['ENCORE_COMMAND'] || './encore';
  if (isProject)
    process.stdout.write(`\nExited without removing the containers of the run. To remove them: ${command} revert\n`);
  else if (isRun)
    process.stdout.write(
      `\nExited without a report. Active faults are reverted within 10 s. To create the report from the recorded files: ${command} report\n`,
    );
  process.exit(exitCodes.INTERRUPTED);
}

/** A long run's report may exceed the shutdown timeout; its evidence is on disk by then. */
function exitLate(): void {
  process.stdout.write(
    `\nThe shutdown timeout of ${shutdownTimeoutMs / 1_000} s expired before the report was complete. To create it from the recorded files: ${process.env['ENCORE_COMMAND'] || './encore'} report\n`,
  );
  process.exit(exitCodes.INTERRUPTED);
}

/** An uncaught error prints one line and exits with INCONCLUSIVE, never with 0. */
function exitOnUncaught(error: unknown): void {
  process.stderr.write(`encore: ${describeError(error)}\n`);
  process.exit(exitCodes.INCONCLUSIVE);
}

export async function main(): Promise<void> {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  process.on('unhandledRejection', exitOnUncaught);
  process.on('uncaughtException', exitOnUncaught);

  const output = surviveOutputLoss();
  if (!hasFolder()) return refuse(['the current folder no longer exists; change into another one']);
  const command = parseCommandLine(process.argv.slice(2), process.env);
  if (command.name === 'refused') return refuse(command.problems);
  isProject = command.name === 'run-project' && !command.dryRun;
  isRun = isProject || (command.name === 'run' && !command.dryRun);
  let wiring: Wiring;
  try {
    wiring = readWiring(process.env);
  } catch (error) {
    return refuse([error instanceof EncoreError ? error.message : describeError(error)]);
  }
  const exitCode = await performCommand(command, {
    wiring,
    env: process.env,
    clock: systemClock,
    logger: createLogger('orchestrator', wiring.logLevel),
    display: {
      output: process.stdout,
      terminal: terminalOf(process.stdin, process.stdout, process.env),
      interrupt: () => onSignal('Ctrl-C'),
    },
    stop: stop.signal,
  });
  process.exitCode = await withOutput(exitCode, output);
  // An open connection must not keep the finished process alive.
  setTimeout(() => process.exit(), 1_000).unref();
}

/** Losing the output turns success into an error, except for a run: its result is a file. */
async function withOutput(exitCode: number, output: OutputLoss): Promise<number> {
  const problem = await output.lost();
  if (problem === null || isRun) return exitCode;
  process.stderr.write(
    `encore: cannot write to standard output (${describeError(problem)}). Free disk space or redirect the output.\n`,
  );
  return exitCode === 0 ? refusedExitCode : exitCode;
}

/** False in a folder that was deleted, where no relative path can be resolved. */
function hasFolder(): boolean {
  try {
    return process.cwd() !== '';
  } catch {
    return false;
  }
}

function refuse(problems: readonly string[]): void {
  process.stderr.write(refusalText(problems));
  process.exitCode = refusedExitCode;
}
