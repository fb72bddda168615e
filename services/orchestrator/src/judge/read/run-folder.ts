/**
 * Reads the files of a run line by line and collects their problems. A truncated last line (its
 * writer was killed) is only noted: nothing depended on it yet.
 */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  filesVersionProblem,
  type HistoryLine,
  historyLineSchema,
  type LedgerEntry,
  ledgerLineSchema,
  type Plan,
  planSchema,
} from '@encore/contracts';
import {
  canonicalJson,
  describeError,
  EncoreError,
  parse,
  type ReadLine,
  readNumberedLines,
  sha256Hex,
} from '@encore/kit';
import type { JudgedRun } from '../judge.ts';
import { readLatencies } from './latencies.ts';

export const historyFile = 'history.ndjson';
export const ledgerFile = 'ledger.ndjson';
export const latencyFile = 'latency.hlog';
export const planFile = 'plan.json';

const maxProblems = 20;

export interface LineCount {
  lines: number;
  /** Lines that are valid and passed to the judge. */
  accepted: number;
}

export interface RunFolder extends Required<JudgedRun> {
  /** Updated while the files are read. */
  counts: { history: LineCount; ledger: LineCount };
}

interface Reading {
  count: LineCount;
  /** Records a problem that rules out PASSED. */
  report: (problem: string) => void;
  notes: string[];
}

/** Throws RUN_FOLDER_UNREADABLE without a readable plan and history; all else becomes a problem. */
export async function readRunFolder(folder: string): Promise<RunFolder> {
  const problems: string[] = [];
  const notes: string[] = [];
  const report = (problem: string): void => {
    if (problems.length < maxProblems) problems.push(problem);
  };
  const counts = { history: { lines: 0, accepted: 0 }, ledger: { lines: 0, accepted: 0 } };
  const plan = await readPlan(join(folder, planFile), report);
  await assertReadable(join(folder, historyFile));
  const latencies = await readLatencies(join(folder, latencyFile));
  for (const problem of latencies.problems) report(`${latencyFile} ${problem}`);
  if (latencies.isTruncated) notes.push(`${latencyFile}: skipped the truncated last line`);
  return {
    plan,
    history: readHistory(join(folder, historyFile), { report, notes, count: counts.history }),
    ledger: readLedger(join(folder, ledgerFile), { report, notes, count: counts.ledger }),
    latencies,
    fileProblems: problems,
    fileNotes: notes,
    counts,
  };
}

async function readPlan(path: string, report: (problem: string) => void): Promise<Plan> {
  let plan: Plan;
  try {
    const stored: unknown = JSON.parse(await readFile(path, 'utf8'));
    const problem = filesVersionProblem(stored);
    if (problem !== null) throw new Error(problem);
    plan = parse(planSchema, stored, path);
  } catch (error) {
    throw unreadable(`${path} cannot be used: ${describeError(error)}`, error);
  }
  const { hash, ...body } = plan;
  if (sha256Hex(canonicalJson(body)) !== hash) report(`${planFile}: its hash does not match its content`);
  return plan;
}

async function assertReadable(path: string): Promise<void> {
  try {
    for await (const _chunk of createReadStream(path, { end: 0 })) return;
  } catch (error) {
    throw unreadable(`${path} cannot be read: ${describeError(error)}`, error);
  }
}

async function* readHistory(path: string, reading: Reading): AsyncGenerator<HistoryLine> {
  for await (const line of readNumberedLines(path, historyLineSchema, 'seq')) {
    recordLine(historyFile, line, reading);
    if (line.value !== null) yield line.value;
  }
}

async function* readLedger(path: string, reading: Reading): AsyncGenerator<LedgerEntry> {
  try {
    for await (const line of readNumberedLines(path, ledgerLineSchema, 'n')) {
      recordLine(ledgerFile, line, reading);
      if (line.value !== null) yield line.value;
    }
  } catch (error) {
    // Before the load starts there is no ledger; afterwards an evidence requirement reports the
    // gap.
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isAbsent) reading.notes.push(`there is no ${ledgerFile}`);
    else reading.report(`${ledgerFile} cannot be read: ${describeError(error)}`);
  }
}

function recordLine(
  name: string,
  { lineNumber, value, problem }: ReadLine<unknown>,
  { report, notes, count }: Reading,
): void {
  count.lines += 1;
  if (value !== null) count.accepted += 1;
  if (problem?.kind === 'checksum_missing' && count.accepted === 0) {
    // The whole file has no checksums, so report this only once.
    if (count.lines === 1)
      report(
        `${name} line ${lineNumber}: ${problem.text}; without checksums no line can be trusted, so all are ignored`,
      );
  } else if (problem?.kind === 'truncated') notes.push(`${name}: skipped the truncated last line`);
  else if (problem !== null) report(`${name} line ${lineNumber}: ${problem.text}`);
}

function unreadable(message: string, cause: unknown): EncoreError {
  return new EncoreError('RUN_FOLDER_UNREADABLE', message, { status: 400, definite: true, cause });
}
