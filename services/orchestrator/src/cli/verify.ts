/** `encore verify`: recomputes the verdict from the run's files and compares the report. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { contradictedExitCode, exitCodes, type Report } from '@encore/contracts';
import { describeError, pluralize } from '@encore/kit';
import { judge } from '../judge/judge.ts';
import {
  historyFile,
  latencyFile,
  ledgerFile,
  planFile,
  type RunFolder,
  readRunFolder,
} from '../judge/read/run-folder.ts';
import { textSummary } from '../report/text-summary.ts';
import { list } from '../text.ts';

const maxShown = 10;
/** Longer values are truncated, in characters. */
const maxValueLength = 60;

/**
 * Resolves with the exit code of the verdict, or with `contradictedExitCode` if the stored report
 * differs. Prints to `print` only, and writes no file. Throws RUN_FOLDER_UNREADABLE.
 */
export async function verify(folder: string, reportPath: string, print: (text: string) => void): Promise<number> {
  const run = await readRunFolder(folder);
  const { report } = judge(run);
  print(textSummary(report));
  print(inputText(folder, run));
  const contradictions = await contradictionsOf(report, reportPath);
  const name = basename(reportPath);
  if (contradictions === null) {
    print(`There is no ${name} to compare with.`);
    return exitCodes[report.result];
  }
  if (contradictions.length === 0) {
    print(`${name} matches in every figure. The other formats (report.html, junit.xml, summary.md) were not compared.`);
    return exitCodes[report.result];
  }
  print(`${name} differs: it or the files were changed, or another version of Encore wrote it. The differences:`);
  for (const contradiction of contradictions.slice(0, maxShown)) print(`  ${contradiction}`);
  if (contradictions.length > maxShown) print(`  and ${contradictions.length - maxShown} more`);
  return contradictedExitCode;
}

/** Lists the files that the verdict was computed from. */
function inputText(folder: string, { history: { plan }, counts, latencies }: RunFolder): string {
  const percentilesOf = [...latencies.response.keys()];
  const row = (name: string, text: string): string =>
    `  ${name.padEnd(16)}${existsSync(join(folder, name)) ? text : 'missing'}`;
  return [
    `The verdict was recomputed from these files of ${basename(folder)} alone:`,
    row(planFile, pluralize(plan.faults.length, 'fault')),
    row(historyFile, `${pluralize(counts.history.lines, 'line')}, ${pluralize(counts.history.accepted, 'event')}`),
    row(
      ledgerFile,
      `${pluralize(counts.ledger.lines, 'line')}, ${pluralize(counts.ledger.accepted, 'entry', 'entries')}`,
    ),
    row(latencyFile, `percentiles of ${list(percentilesOf) || 'nothing'}; no rule reads them`),
  ].join('\n');
}

/** Differences between the stored and the computed report; null without a stored report. */
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
        `it has schema_version ${version}, but this version of Encore compares only ${report.schema_version}. Run encore report to write it again`,
      ];
    }
    return [...differences(stored, JSON.parse(JSON.stringify(report)), '')];
  } catch (error) {
    return [`it is not valid JSON: ${describeError(error)}`];
  }
}

/**
 * Yields each difference with its path, for example `thresholds.lost_writes.ok: true, but false
 * from the files`.
 */
function* differences(stored: unknown, computed: unknown, path: string): Generator<string> {
  if (isDeepStrictEqual(stored, computed)) return;
  if (!isObject(stored) || !isObject(computed)) {
    yield `${path || 'the whole report'}: ${shown(stored)}, but ${shown(computed)} from the files`;
    return;
  }
  for (const key of new Set([...Object.keys(stored), ...Object.keys(computed)])) {
    const label = labelOf(computed[key]) ?? labelOf(stored[key]) ?? key;
    yield* differences(stored[key], computed[key], path === '' ? label : `${path}.${label}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** The name of a rule or the id of a fault, which identify it better than its index. */
function labelOf(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  const { name, id } = value;
  return typeof name === 'string' ? name : typeof id === 'string' ? id : undefined;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > maxValueLength ? `${text.slice(0, maxValueLength)}...` : text;
}
