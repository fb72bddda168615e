/** Saves the evidence, judges it, prints the report, and returns the exit code of the run. */
import { basename, join } from 'node:path';
import { exitCodes, type Report } from '@encore/contracts';
import { describeError } from '@encore/kit';
import { textSummary } from '../report/text-summary.ts';
import type { Ending } from './phase.ts';
import { saveLogs } from './results/save-logs.ts';
import { shownPath, shownRuns } from './results/shown-path.ts';
import { copyEvidence, writeResults } from './results/write-results.ts';
import type { RunContext } from './run-context.ts';
import type { RunSubscribers } from './run-subscribers.ts';

export async function conclude(
  { run, wiring, clients, print }: Pick<RunContext, 'run' | 'wiring' | 'clients' | 'print'>,
  ending: Ending,
  resultsFolder: string,
  { page, view, dashboardUrl }: Pick<RunSubscribers, 'page' | 'view' | 'dashboardUrl'>,
): Promise<number> {
  const { folder, startedAt } = run;
  let report: Report;
  try {
    // The evidence comes first, in case the judge fails.
    await copyEvidence(folder, resultsFolder);
    for (const problem of await saveLogs(wiring, clients, resultsFolder, startedAt)) print(problem);
    const judgement = await writeResults(resultsFolder);
    page.finish(judgement);
    report = judgement.report;
  } catch (error) {
    page.close();
    print(`\nThe report could not be written to ${shownPath(wiring.resultsDir)}: ${describeError(error)}`);
    // Names the original folder, because the copy may be incomplete.
    print(
      `The evidence is in ${shownRuns(wiring, basename(folder))}. Fix the problem, then run \`${wiring.command} report ${basename(folder)}\`.\n`,
    );
    return ending.outcome === 'interrupted' ? exitCodes.INTERRUPTED : exitCodes.INCONCLUSIVE;
  }
  view.result = report.result;
  const shown = shownPath(resultsFolder);
  print(`\n${textSummary(report, `${shown}.json`)}`);
  print(`Page:      ${join(shown, 'report.html')}`);
  print(`Verify:    ${wiring.command} verify ${shown}`);
  // Without the hint, the lab is taken down at once, and Grafana with it.
  if (wiring.afterRunHint !== undefined) {
    if (dashboardUrl !== null) print(`Dashboard: ${dashboardUrl}`);
    print(`Stop lab:  ${wiring.afterRunHint}`);
  }
  return exitCodes[report.result];
}
