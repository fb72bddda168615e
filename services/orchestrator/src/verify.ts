/** `encore verify`: the verdict from the files of a run alone, what was read for it, and whether the stored report says the same. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { contradictedExitCode, exitCodes, type Report } from '@encore/contracts';
import { describeError } from '@encore/kit';
import { judge } from './judge/index.ts';
import { historyFile, latencyFile, ledgerFile, planFile, type RunFolder } from './judge/run-folder.ts';
import { counted, list } from './judge/words.ts';
import { readRunFolder, textSummary } from './report/index.ts';

const maxShown = 10;
const maxValueSigns = 60;

/** Resolves with the exit code: the verdict's, or another when the stored report says something else. Writes nothing. */
export async function verify(folder: string, reportPath: string, say: (text: string) => void): Promise<number> {
  const run = await readRunFolder(folder);
  const { report } = await judge(run);
  say(textSummary(report));
  say(readText(folder, run));
  const contradictions = await contradictionsOf(report, reportPath);
  const name = basename(reportPath);
  if (contradictions === null) {
    say(`There is no ${name} to compare this with.`);
    return exitCodes[report.result];
  }
  if (contradictions.length === 0) {
    say(`${name} says the same, figure by figure. Its views (report.html, junit.xml, summary.md) were not read.`);
    return exitCodes[report.result];
  }
  say(`${name} says something else. It was changed, or another version of Encore wrote it, or the files were changed:`);
  for (const contradiction of contradictions.slice(0, maxShown)) say(`  ${contradiction}`);
  if (contradictions.length > maxShown) say(`  and ${contradictions.length - maxShown} more`);
  return contradictedExitCode;
}

function readText(folder: string, { plan, counts, latencies }: RunFolder): string {
  const { history, ledger } = counts;
  const percentilesOf = [...latencies.response.keys()];
  const row = (name: string, text: string): string =>
    `  ${name.padEnd(16)}${existsSync(join(folder, name)) ? text : 'is not there'}`;
  return [
    `The verdict was computed anew, from these files of ${basename(folder)} alone:`,
    row(planFile, counted(plan.faults.length, 'fault')),
    row(historyFile, `${counted(history.lines, 'line')}, ${counted(history.believed, 'event')}`),
    row(ledgerFile, `${counted(ledger.lines, 'line')}, ${counted(ledger.believed, 'entry', 'entries')}`),
    row(latencyFile, `percentiles of ${list(percentilesOf) || 'nothing'}; no rule reads them`),
  ].join('\n');
}

/** Null when there is no stored report. */
async function contradictionsOf(report: Report, path: string): Promise<string[] | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    return [`it cannot be read: ${describeError(error)}`];
  }
  try {
    const stored: unknown = JSON.parse(text);
    const version = isObject(stored) ? stored['schema_version'] : undefined;
    if (typeof version === 'number' && version !== report.schema_version) {
      return [
        `it has schema_version ${version}, this version of Encore compares ${report.schema_version} only; run encore report to write it again`,
      ];
    }
    return [...differences(stored, JSON.parse(JSON.stringify(report)), '')];
  } catch (error) {
    return [`it is no JSON: ${describeError(error)}`];
  }
}

/** Each place where the two differ, as deep as both have it: `thresholds.lost_writes.ok: true there, false by the files`. */
function* differences(stored: unknown, computed: unknown, place: string): Generator<string> {
  if (isDeepStrictEqual(stored, computed)) return;
  if (!isObject(stored) || !isObject(computed)) {
    yield `${place || 'all of it'}: ${shown(stored)} there, ${shown(computed)} by the files`;
    return;
  }
  for (const key of new Set([...Object.keys(stored), ...Object.keys(computed)])) {
    const label = labelOf(computed[key]) ?? labelOf(stored[key]) ?? key;
    yield* differences(stored[key], computed[key], place === '' ? label : `${place}.${label}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Rules have names and faults have ids, which say more than their place in a list. */
function labelOf(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  const { name, id } = value;
  return typeof name === 'string' ? name : typeof id === 'string' ? id : undefined;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > maxValueSigns ? `${text.slice(0, maxValueSigns)}...` : text;
}
