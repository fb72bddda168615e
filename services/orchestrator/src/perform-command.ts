/** Does one command and returns its exit code. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exitCodes, faultKinds, refusedExitCode } from '@encore/contracts';
import { type Clock, describeError, EncoreError, type Logger } from '@encore/kit';
import { kindTiming, renderTimeline } from '@encore/plan';
import type { Command } from './command-line.ts';
import type { Wiring } from './config.ts';
import { attach } from './monitor/attach.ts';
import type { Terminal } from './monitor/terminal.ts';
import { plainText } from './plain-text.ts';
import type { Output } from './progress/progress.ts';
import { textSummary } from './report/index.ts';
import { checkText } from './run/lab-checks.ts';
import { noticeLines, settingLines } from './run/opening-lines.ts';
import { Peers } from './run/peers.ts';
import { performRun } from './run/perform-run.ts';
import { inspectLab, preflightLimits } from './run/phases/preflight.ts';
import { writeResults } from './run/phases/write-results.ts';
import { folderOf, folderToReport, gatherResults, reportPathOf } from './run/results-of.ts';
import { shownPath } from './run/shown-path.ts';
import { writtenAgoMs } from './run/still-running.ts';
import { verify } from './verify.ts';

export interface CommandContext {
  wiring: Wiring;
  clock: Clock;
  logger: Logger;
  output: Output;
  terminal: Terminal | null;
  interrupt: () => void;
  stop: AbortSignal;
}

/** A dry run waits no longer for a chaos service that does not answer. */
const dryRunMs = 2_000;

export async function performCommand(command: Command, context: CommandContext): Promise<number> {
  const say = (text: string): void => void context.output.write(`${plainText(text)}\n`);
  switch (command.name) {
    case 'run':
      if (!command.dryRun) return await performRun({ ...command, ...context });
      for (const line of noticeLines(command.config, command.plan)) say(line);
      for (const line of settingLines(command.config, command.plan)) say(line);
      say(renderTimeline(command.plan, await unsupportedKinds(context.wiring)));
      return 0;
    case 'print':
      context.output.write(command.text);
      return 0;
    case 'report':
    case 'verify':
      return await judgeFolder(command, context, say);
    case 'heal':
      return await heal(context.wiring, say);
    case 'faults':
      for (const kind of faultKinds) say(`${kind.padEnd(20)}${timingText(kind)}`);
      return 0;
    case 'scenarios':
      return await listScenarios(say);
    case 'check':
      return await check(command, context, say);
    case 'monitor':
      return await attach({ url: command.url, ...context });
    default:
      return command satisfies never;
  }
}

/** What the lab cannot do here. Null where that is not known: its chaos service, which reads it from the engine, is not up. */
async function unsupportedKinds(wiring: Wiring): Promise<Record<string, string> | null> {
  if (wiring.unsupported !== undefined) return wiring.unsupported;
  try {
    return (await new Peers(wiring).engine({ timeoutMs: dryRunMs })).unsupported;
  } catch {
    return null;
  }
}

/** Preflight alone, every line of it. */
async function check(
  { config, plan }: Extract<Command, { name: 'check' }>,
  { wiring, clock, stop }: CommandContext,
  say: (text: string) => void,
): Promise<number> {
  const peers = new Peers(wiring);
  const runId = `check-${process.pid}`;
  const { checks } = await inspectLab({ peers, wiring, clock, config, plan, runId, say }, preflightLimits, stop);
  for (const line of [...noticeLines(config, plan), ...checks.map(checkText)]) say(line);
  const failed = checks.filter(({ state }) => state === 'fail').length;
  say(failed === 0 ? '\nA run can start.' : `\nA run cannot start: ${failed} of ${checks.length} checks failed.`);
  return failed === 0 ? 0 : refusedExitCode;
}

/** Both come to the verdict from the files alone; only `report` writes. */
async function judgeFolder(
  { name, folder: given }: Extract<Command, { name: 'report' | 'verify' }>,
  { wiring, clock }: CommandContext,
  say: (text: string) => void,
): Promise<number> {
  // The run printed the path of its report; the folder of the same name lies beside it.
  const asked = given.replace(/\.json$/, '');
  try {
    if (name === 'verify') {
      const folder = folderOf(asked, wiring);
      return await verify(folder, reportPathOf(folder, wiring), say);
    }
    return await report(folderToReport(asked, wiring), { wiring, clock }, say);
  } catch (error) {
    say(error instanceof EncoreError ? error.message : `${asked}: ${describeError(error)}`);
    return refusedExitCode;
  }
}

async function report(
  folder: string,
  { wiring, clock }: Pick<CommandContext, 'wiring' | 'clock'>,
  say: (text: string) => void,
): Promise<number> {
  const agoMs = await writtenAgoMs(folder, clock.now()).catch(() => null);
  const results = await gatherResults(folder, wiring);
  const { report } = await writeResults(results);
  if (agoMs !== null)
    say(
      `The record of this run has no end and was written to ${Math.round(agoMs / 1_000)} s ago. If the run goes on, what follows is its state until now and not its verdict; its own report comes when it ends.`,
    );
  say(textSummary(report, shownPath(`${results}.json`)));
  return exitCodes[report.result];
}

async function heal(wiring: Wiring, say: (text: string) => void): Promise<number> {
  try {
    const { healed, failed } = await new Peers(wiring).heal();
    for (const what of healed) say(`healed: ${what}`);
    for (const what of failed) say(`NOT healed: ${what}`);
    if (healed.length + failed.length === 0) say('nothing to heal');
    if (failed.length === 0) for (const line of await notRunning(wiring)) say(line);
    return failed.length === 0 ? 0 : exitCodes.FAILED;
  } catch (error) {
    if (error instanceof EncoreError && error.code === 'UNREACHABLE')
      say(
        `There is no lab at ${wiring.chaosUrl}. A lab without Docker takes its faults with it when it ends. With Docker, \`docker compose up -d chaos\` starts the service that undoes faults, and \`docker compose run --rm --no-deps orchestrator heal\` asks it to.`,
      );
    else say(`The chaos service could not heal: ${describeError(error)}`);
    return exitCodes.INCONCLUSIVE;
  }
}

/** What no fault explains once all are undone, and what ends it. Only Docker has commands for it. */
async function notRunning(wiring: Wiring): Promise<string[]> {
  const targets = await new Peers(wiring).targets().catch(() => []);
  return targets
    .filter(({ status }) => status !== 'running')
    .map(({ target, status }) => {
      const end = status === 'paused' ? `docker compose unpause ${target}` : `docker compose up -d ${target}`;
      const hint = wiring.logsDir === undefined ? `; \`${end}\` ends that` : '';
      return `${target} is ${status}, and no fault keeps it so${hint}`;
    });
}

function timingText(kind: (typeof faultKinds)[number]): string {
  const { holdSeconds, totalOutage, kill } = kindTiming[kind];
  const held = holdSeconds === null ? 'an instant act' : `held for ${holdSeconds.min} to ${holdSeconds.max} s`;
  return [held, kill ? 'ends the process' : '', totalOutage ? 'nothing gets through' : ''].filter(Boolean).join(', ');
}

/** Each settings file that comes along, with the first line of its comment (what is meant for editors apart). */
async function listScenarios(say: (text: string) => void): Promise<number> {
  const folder = join(import.meta.dirname, '..', '..', '..', 'scenarios');
  const names = (await readdir(folder).catch(() => [])).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
  for (const name of names) {
    const [, purpose = ''] = /^# (?!yaml-language-server:)(.*)/m.exec(await readFile(join(folder, name), 'utf8')) ?? [];
    say(`scenarios/${name.padEnd(28)}${purpose}`);
  }
  if (names.length === 0) say('no settings files come along');
  return 0;
}
