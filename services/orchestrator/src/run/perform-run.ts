/** Performs one run, from the first printed line to the exit code. */
import { join } from 'node:path';
import { exitCodes, type Plan, type RunConfig, refusedExitCode, type System } from '@encore/contracts';
import { type Clock, describeError, type Logger } from '@encore/kit';
import type { Wiring } from '../config.ts';
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
import { type RunContext, RunRecord } from './run-context.ts';
import { RunController } from './run-controller.ts';
import { RunSubscribers } from './run-subscribers.ts';

export interface RunOptions {
  config: RunConfig;
  plan: Plan;
  system: System;
  wiring: Wiring;
  clock: Clock;
  logger: Logger;
  output: Output;
  /** The terminal for the monitor; null if there is none. */
  terminal: Terminal | null;
  /** Called on Ctrl-C in the monitor, which reads the keyboard itself. */
  interrupt: () => void;
  /** Aborted, with the reason, to end the run early. */
  stop: AbortSignal;
  limits?: { preflight?: PreflightLimits; supervisor?: SupervisorLimits; stop?: Partial<StopLimits> };
}

export async function performRun(options: RunOptions): Promise<number> {
  const { config, plan, system, wiring, clock, logger, output } = options;
  const problems = await problemsOfResults(wiring.resultsDir, config.hours);
  if (problems.length > 0) {
    output.write(refusalText(problems));
    return refusedExitCode;
  }
  const startedAt = clock.now();
  const stamp = freeStamp(wiring, startedAt);
  const id = `r${stamp}`;
  const subscribers = new RunSubscribers({ runId: id, config, plan, startedAt, clock, links: wiring.links, output });
  const { progress, view, page, metrics } = subscribers;
  const context: RunContext = {
    run: { id, folder: join(wiring.runsDir, id), startedAt, config, plan, system },
    wiring,
    clients: new ServiceClients(wiring),
    clock,
    logger,
    record: new RunRecord((event) => subscribers.onEvent(event)),
    print: (text) => progress.print(text),
  };
  const controller = new RunController(context, subscribers, {
    preflight: options.limits?.preflight ?? preflightLimits,
    supervisor: options.limits?.supervisor ?? supervisorLimits,
    stop: { ...stopLimits(config.recoveryTimeoutSeconds), ...options.limits?.stop },
  });
  options.stop.addEventListener('abort', () => controller.stop(describeError(options.stop.reason)), { once: true });
  if (options.stop.aborted) controller.stop(describeError(options.stop.reason));
  await using _api = await startStatusApi({
    wiring,
    logger,
    clock,
    view,
    registry: metrics.registry,
    page,
    stop: (reason) => controller.stop(reason),
  });
  for (const line of openingLines(id, config, plan)) progress.print(line);
  if (wiring.whereToLook !== undefined) progress.print(wiring.whereToLook);
  await openMonitor(progress, options);
  const ticking = new AbortController();
  const ticks = loop(clock, 1_000, ticking.signal, () => progress.tick(view.snapshot(clock.now())));
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
    progress.print(`\n${refusalText(ending.reason.split('\n'))}`);
    return refusedExitCode;
  }
  if (context.record.history === null) {
    progress.print('\nInterrupted before the run started.\n');
    return exitCodes.INTERRUPTED;
  }
  return await conclude(context, ending, resultsFolderOf(wiring, stamp), subscribers);
}

async function openMonitor(
  progress: Progress,
  { config, wiring, terminal, interrupt, stop }: RunOptions,
): Promise<void> {
  if (!config.monitor || terminal === null || stop.aborted) return;
  const close = (): void => void progress.closeScreen();
  const footer = 'q: close the monitor, run continues    Ctrl-C: revert all faults and report';
  const pageUrl = wiring.links.page;
  progress.open(await terminal.openMonitor({ footer, pageUrl, onLeave: close, onInterrupt: interrupt }));
  // Show the shutdown as lines, and let the second Ctrl-C reach the process.
  stop.addEventListener('abort', close, { once: true });
}
