/** One run from the first word on the screen to the exit code. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { exitCodes, type Plan, type Report, type RunConfig, refusedExitCode } from '@encore/contracts';
import { type Clock, describeError, type Logger } from '@encore/kit';
import type { Wiring } from '../config.ts';
import type { LivePage } from '../live/live-page.ts';
import type { Terminal } from '../monitor/terminal.ts';
import type { Output, Progress } from '../progress/progress.ts';
import type { RunView } from '../progress/run-view.ts';
import { refusalText } from '../refusal-text.ts';
import { textSummary } from '../report/index.ts';
import { startStatusApi } from '../status-api.ts';
import { type SupervisorLimits, supervisorLimits } from '../supervisor/supervise.ts';
import { Audience } from './audience.ts';
import { Conductor } from './conductor.ts';
import { dashboardLink } from './dashboard-link.ts';
import { problemsOfResults } from './folder-checks.ts';
import { loop } from './loop.ts';
import { openingLines } from './opening-lines.ts';
import { Peers } from './peers.ts';
import type { Ending } from './phase.ts';
import { type PreflightLimits, preflightLimits } from './phases/preflight.ts';
import { saveLogs } from './phases/save-logs.ts';
import { copyEvidence, writeResults } from './phases/write-results.ts';
import { resultsFolderOf } from './results-of.ts';
import { RunRecord } from './run-context.ts';
import { shownPath } from './shown-path.ts';
import { type StopLimits, stopLimits } from './stop-rules.ts';

export interface RunOptions {
  config: RunConfig;
  plan: Plan;
  wiring: Wiring;
  clock: Clock;
  logger: Logger;
  output: Output;
  /** Where the monitor is drawn, if there is such a place. */
  terminal: Terminal | null;
  /** What Ctrl-C does; a monitor takes the key from the terminal. */
  interrupt: () => void;
  /** Aborted, with the reason, when somebody asks the run to end. */
  stop: AbortSignal;
  limits?: { preflight?: PreflightLimits; supervisor?: SupervisorLimits; stop?: Partial<StopLimits> };
}

export async function performRun(options: RunOptions): Promise<number> {
  const { config, plan, wiring, clock, logger, output } = options;
  const problems = await problemsOfResults(wiring.resultsDir, config.hours);
  if (problems.length > 0) {
    output.write(refusalText(problems));
    return refusedExitCode;
  }
  const startedAt = clock.now();
  const stamp = freeStamp(wiring, startedAt);
  const runId = `r${stamp}`;
  const audience = new Audience({ runId, config, plan, startedAt, clock, links: wiring.links, output });
  const { progress, view, page, metrics } = audience;
  const record = new RunRecord((event) => audience.hear(event));
  const folder = join(wiring.runsDir, runId);
  const peers = new Peers(wiring);
  const supervisor = options.limits?.supervisor ?? supervisorLimits;
  const stop = { ...stopLimits(config.recoveryTimeoutSeconds), ...options.limits?.stop };
  const context = { runId, folder, startedAt, config, plan, wiring, peers, clock, logger, progress, view, record };
  const conductor = new Conductor(
    { ...context, supervisorLimits: supervisor, stopLimits: stop },
    options.limits?.preflight ?? preflightLimits,
  );
  options.stop.addEventListener('abort', () => conductor.stop(describeError(options.stop.reason)), { once: true });
  if (options.stop.aborted) conductor.stop(describeError(options.stop.reason));
  await using _api = await startStatusApi({
    wiring,
    logger,
    clock,
    view,
    registry: metrics.registry,
    page,
    stop: (reason) => conductor.stop(reason),
  });
  greet(progress, runId, options);
  await openMonitor(progress, options);
  const ticking = new AbortController();
  const ticks = loop(clock, 1_000, ticking.signal, () => progress.tick(view.snapshot(clock.now())));
  let ending: Ending;
  try {
    ending = await conductor.run();
  } finally {
    ticking.abort();
    await ticks;
    view.phase = 'over';
    await progress.closeScreen();
  }
  if (ending.how === 'refused') {
    progress.say(`\n${refusalText(ending.reason.split('\n'))}`);
    return refusedExitCode;
  }
  if (record.history === null) {
    progress.say('\nInterrupted before anything was started.\n');
    return exitCodes.INTERRUPTED;
  }
  const resultsFolder = resultsFolderOf(wiring, stamp);
  return await conclude({ folder, resultsFolder, startedAt, progress, view, page, peers, wiring, ending });
}

/** Evidence first: it stays, even when the judge cannot make anything of it. */
async function conclude(run: {
  folder: string;
  resultsFolder: string;
  startedAt: number;
  progress: Progress;
  view: RunView;
  page: LivePage;
  peers: Peers;
  wiring: Wiring;
  ending: Ending;
}): Promise<number> {
  const { folder, resultsFolder, startedAt, progress, view, page, peers, wiring, ending } = run;
  let report: Report;
  try {
    await copyEvidence(folder, resultsFolder);
    for (const problem of await saveLogs(wiring, peers, resultsFolder, startedAt)) progress.say(problem);
    const judgement = await writeResults(resultsFolder);
    page.finish(judgement);
    report = judgement.report;
  } catch (error) {
    page.close();
    progress.say(`\nThe report could not be made in ${shownPath(wiring.resultsDir)}: ${describeError(error)}`);
    // The record itself, for a copy may have been cut off.
    progress.say(
      `The evidence is in ${shownPath(folder)}. Fix this, then make the report with \`${wiring.command} report ${basename(folder)}\`.\n`,
    );
    return ending.how === 'interrupted' ? exitCodes.INTERRUPTED : exitCodes.INCONCLUSIVE;
  }
  view.result = report.result;
  const shown = shownPath(resultsFolder);
  progress.say(`\n${textSummary(report, `${shown}.json`)}`);
  progress.say(`Page:   ${join(shown, 'report.html')}`);
  progress.say(`Again:  ${wiring.command} verify ${shown}`);
  const dashboard = dashboardLink(wiring.links, view.startedAt);
  if (dashboard !== null) progress.say(`Dashboard: ${dashboard}`);
  if (wiring.afterRunHint !== undefined) progress.say(`When you have seen enough: ${wiring.afterRunHint}`);
  return exitCodes[report.result];
}

async function openMonitor(
  progress: Progress,
  { config, wiring, terminal, interrupt, stop }: RunOptions,
): Promise<void> {
  if (!config.monitor || terminal === null || stop.aborted) return;
  const close = (): void => void progress.closeScreen();
  const footer = 'q: leave the monitor, the run goes on    Ctrl-C: undo everything and report';
  const pageUrl = wiring.links.page;
  progress.open(await terminal.openMonitor({ footer, pageUrl, onLeave: close, onInterrupt: interrupt }));
  // Whoever stops the run wants to see what is done about it, and the second Ctrl-C must reach the program.
  stop.addEventListener('abort', close, { once: true });
}

function greet(progress: Progress, runId: string, { config, plan, wiring }: RunOptions): void {
  for (const line of openingLines(runId, config, plan)) progress.say(line);
  if (wiring.whereToLook !== undefined) progress.say(wiring.whereToLook);
}

/** YYYYMMDD_HHMMSS of the local time, with a number behind it when a run of that second exists. */
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
