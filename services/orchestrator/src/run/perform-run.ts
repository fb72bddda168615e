/** Performs one run, from the first printed line to the exit code. */
import { join } from 'node:path';
import { exitCodes, refusedExitCode } from '@encore/contracts';
import { type Clock, describeError, type Logger } from '@encore/kit';
import type { Wiring } from '../config.ts';
import { HistoryWriter } from '../history/history-writer.ts';
import type { Terminal } from '../monitor/terminal.ts';
import type { Output, Progress } from '../progress/progress.ts';
import { ServiceClients } from '../service-clients.ts';
import { startStatusApi } from '../status-api.ts';
import { type SupervisorLimits, supervisorLimits } from '../supervisor/supervise.ts';
import { refusalText } from '../text.ts';
import { conclude } from './conclude.ts';
import { loop } from './loops/loop.ts';
import { type StopLimits, stopLimits } from './loops/stop-rules.ts';
import { openingLines } from './opening-lines.ts';
import type { Ending } from './phase.ts';
import { problemsOfResults } from './preflight/folder-checks.ts';
import { type PreflightLimits, preflightLimits } from './preflight/preflight.ts';
import { freeStamp, resultsFolderOf } from './results/find-run.ts';
import type { Run, RunContext } from './run-context.ts';
import { RunController } from './run-controller.ts';
import { RunSubscribers } from './run-subscribers.ts';

/** Where a run is shown. */
export interface Display {
  output: Output;
  /** The terminal for the monitor; null if there is none. */
  terminal: Terminal | null;
  /** Called on Ctrl-C in the monitor, which reads the keyboard itself. */
  interrupt: () => void;
}

export interface ProgramContext {
  wiring: Wiring;
  clock: Clock;
  logger: Logger;
  display: Display;
  /** Aborted, with the reason, to end the program early. */
  stop: AbortSignal;
}

/** Limits that replace the usual ones in tests. */
export interface Limits {
  preflight?: PreflightLimits;
  supervisor?: SupervisorLimits;
  stop?: Partial<StopLimits>;
}

export async function performRun(
  { config, plan, system }: Pick<Run, 'config' | 'plan' | 'system'>,
  { wiring, clock, logger, display, stop }: ProgramContext,
  limits: Limits = {},
): Promise<number> {
  const problems = await problemsOfResults(wiring.resultsDir, config.hours);
  if (problems.length > 0) {
    display.output.write(refusalText(problems));
    return refusedExitCode;
  }
  const startedAt = clock.now();
  const stamp = freeStamp(wiring, startedAt);
  const id = `r${stamp}`;
  const run = { id, folder: join(wiring.runsDir, id), startedAt, config, plan, system };
  const subscribers = new RunSubscribers(run, { clock, links: wiring.links, output: display.output });
  const { progress, view } = subscribers;
  const history = new HistoryWriter((event) => subscribers.onEvent(event));
  const clients = new ServiceClients(wiring);
  const print = (text: string): void => progress.print(text);
  const context: RunContext = { run, wiring, clients, clock, logger, history, print };
  const controller = new RunController(context, view, {
    preflight: limits.preflight ?? preflightLimits,
    supervisor: limits.supervisor ?? supervisorLimits,
    stop: { ...stopLimits(config.recoveryTimeoutSeconds), ...limits.stop },
  });
  stop.addEventListener('abort', () => controller.stop(describeError(stop.reason)), { once: true });
  if (stop.aborted) controller.stop(describeError(stop.reason));
  await using _api = await startStatusApi(context, subscribers, (reason) => controller.stop(reason));
  for (const line of openingLines(id, config, plan)) print(line);
  if (wiring.whereToLook !== undefined) print(wiring.whereToLook);
  if (config.monitor && !stop.aborted) await openMonitor(progress, display, wiring.links.page, stop);
  const ticking = new AbortController();
  // A run whose display fails goes on without it.
  const ticks = loop(clock, 1_000, ticking.signal, () => progress.tick(view.snapshot(clock.now()))).catch(
    (error: unknown) =>
      print(
        `The display failed, so it is no longer updated; the run continues, and the report is not affected: ${describeError(error)}`,
      ),
  );
  let ending: Ending;
  try {
    ending = await controller.run();
  } finally {
    ticking.abort();
    await ticks;
    view.phase = 'over';
    await progress.closeScreen();
  }
  if (ending.outcome === 'refused') {
    print(`\n${refusalText(ending.reason.split('\n'))}`);
    return refusedExitCode;
  }
  if (!history.hasBegun) {
    print('\nInterrupted before the run started.\n');
    return exitCodes.INTERRUPTED;
  }
  return await conclude(context, ending, resultsFolderOf(wiring, stamp), subscribers);
}

async function openMonitor(
  progress: Progress,
  { terminal, interrupt }: Display,
  pageUrl: string,
  stop: AbortSignal,
): Promise<void> {
  if (terminal === null) return;
  const close = (): void => void progress.closeScreen();
  const footer = 'q: close the monitor, run continues    Ctrl-C: revert all faults and report';
  progress.open(await terminal.openMonitor({ footer, pageUrl, onLeave: close, onInterrupt: interrupt }));
  // Show the shutdown as lines, and let the second Ctrl-C reach the process.
  stop.addEventListener('abort', close, { once: true });
}
