/** `encore`: reads the command line, then does what was asked for. Only wiring; see docs/ARCHITECTURE.md for the tour. */
import { exitCodes, refusedExitCode } from '@encore/contracts';
import { createLogger, describeError, EncoreError, type OutputLoss, surviveOutputLoss, systemClock } from '@encore/kit';
import { parseCommandLine } from './command-line.ts';
import { readWiring, type Wiring } from './config.ts';
import { terminalOf } from './monitor/terminal.ts';
import { performCommand } from './perform-command.ts';
import { refusalText } from './refusal-text.ts';

/** Compose waits 30 s before it kills. */
const lastWordMs = 25_000;

const stop = new AbortController();
let isRun = false;
function onSignal(name: string): void {
  if (stop.signal.aborted) leaveAtOnce();
  setTimeout(leaveLate, lastWordMs).unref();
  stop.abort(new Error(`stopped by ${name}`));
}

/** The second signal. The chaos service reverts everything when the run lease ends. */
function leaveAtOnce(): never {
  const command = process.env['ENCORE_COMMAND'] || './encore';
  if (isRun)
    process.stdout.write(
      `\nLeft at once, without a report. What is still held is undone within 10 s; \`${command} report\` makes the report from what was recorded.\n`,
    );
  process.exit(exitCodes.INTERRUPTED);
}

/** A report of many hours may take longer than we are given; its evidence is on disk by then. */
function leaveLate(): void {
  process.stdout.write('\nNo time left to finish; `report` makes the report from what was recorded.\n');
  process.exit(exitCodes.INTERRUPTED);
}

/** Never a silent 0: whatever nobody caught ends the program with a line and a code that is not a verdict. */
function die(error: unknown): void {
  process.stderr.write(`encore: ${describeError(error)}\n`);
  process.exit(exitCodes.INCONCLUSIVE);
}

export async function main(): Promise<void> {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  process.on('unhandledRejection', die);
  process.on('uncaughtException', die);

  const output = surviveOutputLoss();
  const command = parseCommandLine(process.argv.slice(2), process.env);
  if (command.name === 'refused') return refuse(command.problems);
  isRun = command.name === 'run' && !command.dryRun;
  let wiring: Wiring;
  try {
    wiring = readWiring(process.env);
  } catch (error) {
    return refuse([error instanceof EncoreError ? error.message : describeError(error)]);
  }
  const exitCode = await performCommand(command, {
    wiring,
    clock: systemClock,
    logger: createLogger('orchestrator', wiring.logLevel),
    // Lines that are drawn anew need a cursor that moves.
    output: process.env['TERM'] === 'dumb' ? { write: (text) => process.stdout.write(text) } : process.stdout,
    terminal: terminalOf(process.stdin, process.stdout, process.env),
    interrupt: () => onSignal('Ctrl-C'),
    stop: stop.signal,
  });
  process.exitCode = await withOutput(exitCode, output);
  // A connection that is still open must not keep a finished program alive.
  setTimeout(() => process.exit(), 1_000).unref();
}

/** A lost result is not a success. Only a run keeps its exit code: its result is the report that it wrote. */
async function withOutput(exitCode: number, output: OutputLoss): Promise<number> {
  const problem = await output.lost();
  if (problem === null || isRun) return exitCode;
  process.stderr.write(
    `encore: standard output cannot be written (${describeError(problem)}); free space, or print elsewhere\n`,
  );
  return exitCode === 0 ? refusedExitCode : exitCode;
}

function refuse(problems: readonly string[]): void {
  process.stderr.write(refusalText(problems));
  process.exitCode = refusedExitCode;
}
