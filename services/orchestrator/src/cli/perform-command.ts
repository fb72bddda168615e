/** Runs one command and returns its exit code. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { behaviourOf, exitCodes, type FaultKind, faultKinds, refusedExitCode } from '@encore/contracts';
import { describeError, EncoreError } from '@encore/kit';
import { renderTimeline } from '@encore/plan';
import type { Wiring } from '../config.ts';
import { attach } from '../monitor/attach.ts';
import { textSummary } from '../report/text-summary.ts';
import { noticeLines, settingLines } from '../run/opening-lines.ts';
import { type ProgramContext, performRun } from '../run/perform-run.ts';
import { inspectLab, preflightLimits } from '../run/preflight/preflight.ts';
import { checkText } from '../run/preflight/preflight-check.ts';
import { folderOf, folderToReport, gatherResults, reportPathOf } from '../run/results/find-run.ts';
import { shownPath } from '../run/results/shown-path.ts';
import { writtenAgoMs } from '../run/results/still-running.ts';
import { writeResults } from '../run/results/write-results.ts';
import { ServiceClients } from '../service-clients.ts';
import { plainText } from '../text.ts';
import { type Command, checkout } from './command-line.ts';
import { verify } from './verify.ts';

/** Timeout of a dry run for a chaos service that does not respond. */
const dryRunMs = 2_000;

interface CommandContext extends ProgramContext {
  /** For the settings of the user. */
  env: NodeJS.ProcessEnv;
}

export async function performCommand(command: Command, context: CommandContext): Promise<number> {
  const { display } = context;
  const print = (text: string): void => void display.output.write(`${plainText(text)}\n`);
  switch (command.name) {
    case 'run':
      if (!command.dryRun) return await performRun(command, context);
      for (const line of noticeLines(command.config, command.plan)) print(line);
      for (const line of settingLines(command.config, command.plan)) print(line);
      print(renderTimeline(command.plan, await unsupportedKinds(context.wiring)));
      return 0;
    case 'print':
      display.output.write(command.text);
      return 0;
    case 'report':
    case 'verify':
      return await judgeFolder(command, context, print);
    case 'revert':
      return await revert(context.wiring, print);
    case 'faults':
      for (const kind of faultKinds) print(`${kind.padEnd(20)}${timingText(kind)}`);
      return 0;
    case 'scenarios':
      return await listScenarios(print);
    case 'check':
      return await check(command, context, print);
    case 'monitor':
      return await attach(command.url, context);
    case 'init':
    case 'compose':
    case 'run-project':
    case 'revert-project': {
      // Loaded on demand: other commands start faster without it.
      const { performProjectCommand } = await import('./perform-project-command.ts');
      return await performProjectCommand(command, context, print);
    }
    default:
      return command satisfies never;
  }
}

/**
 * The fault kinds that are not supported here, with reasons; null if the chaos service does not
 * respond.
 */
async function unsupportedKinds(wiring: Wiring): Promise<Record<string, string> | null> {
  if (wiring.unsupported !== undefined) return wiring.unsupported;
  try {
    return (await new ServiceClients(wiring).engine({ timeoutMs: dryRunMs })).unsupported;
  } catch {
    return null;
  }
}

/** Prints every line of the preflight checks. */
async function check(
  { config, plan, system }: Extract<Command, { name: 'check' }>,
  { wiring, clock, stop }: CommandContext,
  print: (text: string) => void,
): Promise<number> {
  const clients = new ServiceClients(wiring);
  const run = { id: `check-${process.pid}`, config, plan, system };
  const { checks } = await inspectLab({ clients, wiring, clock, run, print }, preflightLimits, stop);
  for (const line of [...noticeLines(config, plan), ...checks.map(checkText)]) print(line);
  const failed = checks.filter(({ state }) => state === 'fail').length;
  print(
    failed === 0
      ? '\nA run can start.'
      : `\nA run cannot start: ${failed} of ${checks.length} checks failed. Fix them and run this again.`,
  );
  return failed === 0 ? 0 : refusedExitCode;
}

/** Both compute the verdict from the files alone; only `report` writes. */
async function judgeFolder(
  { name, folder: given }: Extract<Command, { name: 'report' | 'verify' }>,
  { wiring, clock }: CommandContext,
  print: (text: string) => void,
): Promise<number> {
  // The user may give the path of a report; its folder has the same name without `.json`.
  const asked = given.replace(/\.json$/, '');
  try {
    if (name === 'verify') {
      const folder = folderOf(asked, wiring);
      return await verify(folder, reportPathOf(folder, wiring), print);
    }
    return await report(folderToReport(asked, wiring), { wiring, clock }, print);
  } catch (error) {
    print(error instanceof EncoreError ? error.message : `${asked}: ${describeError(error)}`);
    return refusedExitCode;
  }
}

async function report(
  folder: string,
  { wiring, clock }: Pick<CommandContext, 'wiring' | 'clock'>,
  print: (text: string) => void,
): Promise<number> {
  const agoMs = await writtenAgoMs(folder, clock.now()).catch(() => null);
  const results = await gatherResults(folder, wiring);
  const { report } = await writeResults(results);
  if (agoMs !== null)
    print(
      `This run did not record an end, and its last event is ${Math.round(agoMs / 1_000)} s old. If it is still running, the following is its state so far and not its verdict; it writes its own report when it ends.`,
    );
  print(textSummary(report, shownPath(`${results}.json`)));
  return exitCodes[report.result];
}

async function revert(wiring: Wiring, print: (text: string) => void): Promise<number> {
  try {
    const { reverted, failed } = await new ServiceClients(wiring).revert();
    for (const what of reverted) print(`reverted: ${what}`);
    for (const what of failed) print(`NOT reverted: ${what}`);
    if (reverted.length + failed.length === 0) print('nothing to revert');
    if (failed.length === 0) for (const line of await notRunning(wiring)) print(line);
    return failed.length === 0 ? 0 : exitCodes.FAILED;
  } catch (error) {
    const code = error instanceof EncoreError ? error.code : null;
    if (code === 'UNAUTHORIZED')
      print(
        `Nothing was reverted: the lab at ${wiring.chaosUrl} does not accept this API token, so it belongs to another project or checkout. For your own project, run \`${wiring.command} revert\` in the folder of its encore.yaml. For the bundled lab, run it in the checkout of that lab; on Docker, \`docker compose run --rm --no-deps orchestrator revert\`.`,
      );
    else if (code === 'UNREACHABLE')
      print(
        `No lab responds at ${wiring.chaosUrl}. Without Docker, faults end with the lab. With Docker, start the chaos service with \`docker compose up -d chaos\`, then revert the faults with \`docker compose run --rm --no-deps orchestrator revert\`.`,
      );
    else
      print(
        `The chaos service could not revert the faults: ${describeError(error)}. Run the same command again; if it fails again, see the log of the chaos service.`,
      );
    return exitCodes.INCONCLUSIVE;
  }
}

/**
 * Describes targets that are still not running after all faults were reverted, with a command on
 * Docker.
 */
async function notRunning(wiring: Wiring): Promise<string[]> {
  const targets = await new ServiceClients(wiring).targets().catch(() => []);
  return targets
    .filter(({ status }) => status !== 'running')
    .map(({ target, status }) => {
      const [action, command] = status === 'paused' ? ['resume', 'unpause'] : ['start', 'up -d'];
      const hint = wiring.logsDir === undefined ? `; to ${action} it, run \`docker compose ${command} ${target}\`` : '';
      return `${target} is ${status}, but no fault caused this${hint}`;
    });
}

function timingText(kind: FaultKind): string {
  const { holdSeconds, totalOutage, deathIsTheInjection } = behaviourOf({ kind, params: {} });
  const duration = holdSeconds === null ? 'instant' : `lasts ${holdSeconds.min} to ${holdSeconds.max} s`;
  return [duration, deathIsTheInjection ? 'ends the process' : '', totalOutage ? 'total outage' : '']
    .filter(Boolean)
    .join(', ');
}

/** Lists the bundled scenarios, each with its first comment line for people. */
async function listScenarios(print: (text: string) => void): Promise<number> {
  const folder = join(checkout, 'scenarios');
  const names = (await readdir(folder).catch(() => [])).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
  for (const name of names) {
    const [, purpose = ''] = /^# (?!yaml-language-server:)(.*)/m.exec(await readFile(join(folder, name), 'utf8')) ?? [];
    print(`scenarios/${name.padEnd(28)}${purpose}`);
  }
  if (names.length === 0) print(`no settings files in ${folder}`);
  return 0;
}
