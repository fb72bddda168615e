/** Performs one run, from the first printed line to the exit code. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { exitCodes, type Plan, type Report, type RunConfig, refusedExitCode, type System } from '@encore/contracts';
import { type Clock, describeError, type Logger } from '@encore/kit';
import type { Wiring } from '../config.ts';
import type { LivePage } from '../live/live-page.ts';
import type { Terminal } from '../monitor/terminal.ts';
import type { Output, Progress } from '../progress/progress.ts';
import type { RunView } from '../progress/run-view.ts';
import { textSummary } from '../report/index.ts';
import { ServiceClients } from '../service-clients.ts';
import { startStatusApi } from '../status-api.ts';
import { type SupervisorLimits, supervisorLimits } from '../supervisor/supervise.ts';
import { refusalText } from '../text.ts';
import { dashboardLink } from './dashboard-link.ts';
import { loop } from './loops/loop.ts';
import { type StopLimits, stopLimits } from './loops/stop-rules.ts';
import { openingLines } from './opening-lines.ts';
import type { Ending } from './phase.ts';
import { problemsOfResults } from './preflight/folder-checks.ts';
import { type PreflightLimits, preflightLimits } from './preflight/preflight.ts';
import { resultsFolderOf } from './results/find-run.ts';
import { saveLogs } from './results/save-logs.ts';
import { shownPath, shownRuns } from './results/shown-path.ts';
import { copyEvidence, writeResults } from './results/write-results.ts';
import { RunRecord } from './run-context.ts';
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
  const runId = `r${stamp}`;
  const subscribers = new RunSubscribers({ runId, config, plan, startedAt, clock, links: wiring.links, output });
  const { progress, view, page, metrics } = subscribers;
  const record = new RunRecord((event) => subscribers.onEvent(event));
  const folder = join(wiring.runsDir, runId);
  const clients = new ServiceClients(wiring);
  const supervisor = options.limits?.supervisor ?? supervisorLimits;
  const stop = { ...stopLimits(config.recoveryTimeoutSeconds), ...options.limits?.stop };
  const context = {
    runId,
    folder,
    startedAt,
    config,
    plan,
    system,
    wiring,
    clients,
    clock,
    logger,
    progress,
    view,
    record,
  };
  const controller = new RunController(
    { ...context, supervisorLimits: supervisor, stopLimits: stop },
    options.limits?.preflight ?? preflightLimits,
  );
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
  printBanner(progress, runId, options);
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
  if (record.history === null) {
    progress.print('\nInterrupted before the run started.\n');
    return exitCodes.INTERRUPTED;
  }
  const resultsFolder = resultsFolderOf(wiring, stamp);
  return await conclude({ folder, resultsFolder, startedAt, progress, view, page, clients, wiring, ending });
}

/** Saves the evidence first, in case the judge fails; then writes and prints the report. */
async function conclude(run: {
  folder: string;
  resultsFolder: string;
  startedAt: number;
  progress: Progress;
  view: RunView;
  page: LivePage;
  clients: ServiceClients;
  wiring: Wiring;
  ending: Ending;
}): Promise<number> {
  const { folder, resultsFolder, startedAt, progress, view, page, clients, wiring, ending } = run;
  let report: Report;
  try {
    await copyEvidence(folder, resultsFolder);
    for (const problem of await saveLogs(wiring, clients, resultsFolder, startedAt)) progress.print(problem);
    const judgement = await writeResults(resultsFolder);
    page.finish(judgement);
    report = judgement.report;
  } catch (error) {
    page.close();
    progress.print(`\nThe report could not be written to ${shownPath(wiring.resultsDir)}: ${describeError(error)}`);
    // Names the original folder, because the copy may be incomplete.
    progress.print(
      `The evidence is in ${shownRuns(wiring, basename(folder))}. Fix the problem, then run \`${wiring.command} report ${basename(folder)}\`.\n`,
    );
    return ending.outcome === 'interrupted' ? exitCodes.INTERRUPTED : exitCodes.INCONCLUSIVE;
  }
  view.result = report.result;
  const shown = shownPath(resultsFolder);
  progress.print(`\n${textSummary(report, `${shown}.json`)}`);
  progress.print(`Page:      ${join(shown, 'report.html')}`);
  progress.print(`Verify:    ${wiring.command} verify ${shown}`);
  const dashboard = dashboardLink(wiring.links, view.startedAt);
  if (dashboard !== null) progress.print(`Dashboard: ${dashboard}`);
  if (wiring.afterRunHint !== undefined) progress.print(`Stop lab:  ${wiring.afterRunHint}`);
  return exitCodes[report.result];
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

function printBanner(progress: Progress, runId: string, { config, plan, wiring }: RunOptions): void {
  for (const line of openingLines(runId, config, plan)) progress.print(line);
  if (wiring.whereToLook !== undefined) progress.print(wiring.whereToLook);
}

/** Local time as YYYYMMDD_HHMMSS, with a number appended if a run of that second exists. */
function freeStamp(wiring: Wiring, at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  const stamp = `${day}_${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
  const isTaken = (candidate: string): boolean =>
    existsSync(join(wiring.runsDir, `r${candidate}`)) ||
    existsSync(resultsFolderOf(wiring, candidate)) ||
    existsSync(`${resultsFolderOf(wiring, candidate)}.json`);
  let candidate = stamp;
  for (let n = 2; isTaken(candidate); n += 1) candidate = `${stamp}_${n}`;
  return candidate;
}
