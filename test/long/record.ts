/**
 * The results of long runs: kept in docs/long-runs.json, printed as docs/LONG_RUNS.md. Rows are
 * only added.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '@encore/contracts';
import { wrapMarkdown } from '../../scripts/wrap-markdown.ts';
import { root } from '../support/command.ts';
import type { LongRun } from './runs.ts';

interface Row extends LongRun {
  date: string;
  commit: string;
  result: string;
  reasons: string[];
  operations: number;
  successRate: number | null;
  faultFreeAvailability: number | null;
  recovered: number;
  faults: number;
  slowestRecoverySeconds: number | null;
  backToNormal: { maximumSeconds: number | null; never: number; unknown: number };
  lostWrites: number | null;
  acknowledgedWrites: number | null;
  unexplainedAttempts: number;
  /** By container, after its warm-up; null when it restarted too often to measure. */
  memorySlopeBytesPerHour: Record<string, number | null>;
  /** For a run that did not pass: cause and fix. Written by hand. */
  found?: string;
}

const file = join(root, 'docs', 'long-runs.json');
const page = join(root, 'docs', 'LONG_RUNS.md');

export function record(run: LongRun, report: Report): void {
  const rows: Row[] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
  rows.push(rowOf(run, report));
  writeFileSync(file, `${JSON.stringify(rows, null, 2)}\n`);
  writePage();
}

export function writePage(): void {
  writeFileSync(page, pageOf(JSON.parse(readFileSync(file, 'utf8'))));
}

function rowOf(run: LongRun, { totals, availability, recoveries, integrity, attribution, ...report }: Report): Row {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  return {
    date: new Date().toISOString().slice(0, 10),
    commit,
    ...run,
    result: report.result,
    reasons: report.reasons,
    operations: totals.operations,
    successRate: totals.success_rate,
    faultFreeAvailability: availability.fault_free_windows,
    recovered: recoveries.count,
    faults: report.faults.filter(({ effect }) => effect === 'confirmed').length,
    slowestRecoverySeconds: recoveries.max_seconds,
    backToNormal: {
      maximumSeconds: recoveries.back_to_normal.max_seconds,
      never: recoveries.back_to_normal.never,
      unknown: recoveries.back_to_normal.unknown,
    },
    lostWrites: integrity.lost,
    acknowledgedWrites: integrity.acknowledged,
    unexplainedAttempts: attribution.unexplained,
    memorySlopeBytesPerHour: Object.fromEntries(
      Object.entries(report.resources).map(([name, figures]) => [name, figures.memory_slope_bytes_per_hour]),
    ),
  };
}

function pageOf(rows: readonly Row[]): string {
  return wrapMarkdown(`# Long runs

These are long runs of the full profile with 100 users, with and without Docker. \`npm run test:long\` runs 45 minutes
with a kill every 6 minutes on each runtime, and adds a row for each run, whatever the verdict. Run it after every
change to the server, the load generator or the judge.

The column *memory* is the memory slope of each container, excluding the first 3 minutes after each of its starts. In
runs of less than an hour, it mostly shows caches and heaps that are still growing to their full size.

| date, commit | runtime | hours, kill every | seed | verdict | operations correct | fault-free availability | faults recovered | slowest recovery | slowest return to normal | lost writes | unexplained failures | memory |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${rows.map(lineOf).join('\n')}
${foundText(rows)}`);
}

function foundText(rows: readonly Row[]): string {
  const lines = rows.filter(({ found }) => found !== undefined).map(({ seed, found }) => `- Seed ${seed}: ${found}\n`);
  return lines.length === 0 ? '' : `\n## What the failed runs led to\n\n${lines.join('')}`;
}

function lineOf(row: Row): string {
  const cells = [
    `${row.date}, ${row.commit}`,
    row.runtime,
    `${row.hours} h, ${row.killIntervalMinutes} min`,
    row.seed,
    [row.result, ...row.reasons].join(': ').replaceAll('|', '\\|'),
    `${percent(row.successRate)} of ${row.operations.toLocaleString('en-US')}`,
    percent(row.faultFreeAvailability),
    `${row.recovered} of ${row.faults}`,
    secondsText(row.slowestRecoverySeconds),
    `${secondsText(row.backToNormal.maximumSeconds)} (never ${row.backToNormal.never}, unknown ${row.backToNormal.unknown})`,
    `${row.lostWrites ?? '?'} of ${row.acknowledgedWrites?.toLocaleString('en-US') ?? '?'}`,
    row.unexplainedAttempts,
    Object.entries(row.memorySlopeBytesPerHour).map(slopeText).join(', '),
  ];
  return `| ${cells.join(' | ')} |`;
}

function secondsText(seconds: number | null): string {
  return seconds === null ? 'no data' : `${seconds.toFixed(1)} s`;
}

function slopeText([name, bytesPerHour]: [string, number | null]): string {
  return `${name} ${bytesPerHour === null ? 'no data' : `${(bytesPerHour / 1_048_576).toFixed(1)} MB/h`}`;
}

function percent(share: number | null): string {
  return share === null ? 'no data' : `${(share * 100).toFixed(2)} %`;
}
