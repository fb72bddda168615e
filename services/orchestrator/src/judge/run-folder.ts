/**
 * A run's folder as the judge reads it, line by line. Everything that is wrong with the files is collected while they are
 * read; a torn last line (the writer was killed in the middle of it) is dropped and noted, for it was never promised.
 */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
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
import type { JudgedRun } from './judge.ts';
import { readLatencies } from './latencies.ts';

export const historyFile = 'history.ndjson';
export const ledgerFile = 'ledger.ndjson';
export const latencyFile = 'latency.hlog';
export const planFile = 'plan.json';

const maxProblems = 20;

export interface LineCount {
  lines: number;
  /** Of them, those that the judge was given. */
  believed: number;
}

export interface RunFolder extends Required<JudgedRun> {
  /** They grow while the files are read. */
  counts: { history: LineCount; ledger: LineCount };
}

interface Reading {
  count: LineCount;
  /** Of what rules out PASSED. */
  tell: (problem: string) => void;
  notes: string[];
}

/** Throws RUN_FOLDER_UNREADABLE when there is no plan or no history; all else is a problem that the judge weighs. */
export async function readRunFolder(folder: string): Promise<RunFolder> {
  const problems: string[] = [];
  const notes: string[] = [];
  const tell = (problem: string): void => {
    if (problems.length < maxProblems) problems.push(problem);
  };
  const counts = { history: { lines: 0, believed: 0 }, ledger: { lines: 0, believed: 0 } };
  const plan = await readPlan(join(folder, planFile), tell);
  await readable(join(folder, historyFile));
  const latencies = await readLatencies(join(folder, latencyFile));
  for (const problem of latencies.problems) tell(`${latencyFile} ${problem}`);
  if (latencies.isTorn) notes.push(`${latencyFile}: the last line is torn and was left out`);
  return {
    plan,
    history: readHistory(join(folder, historyFile), { tell, notes, count: counts.history }),
    ledger: readLedger(join(folder, ledgerFile), { tell, notes, count: counts.ledger }),
    latencies,
    historyProblems: problems,
    historyNotes: notes,
    counts,
  };
}

async function readPlan(path: string, tell: (problem: string) => void): Promise<Plan> {
  let plan: Plan;
  try {
    plan = parse(planSchema, JSON.parse(await readFile(path, 'utf8')), path);
  } catch (error) {
    throw unreadable(`${path} holds no plan: ${describeError(error)}`, error);
  }
  const { hash, ...body } = plan;
  if (sha256Hex(canonicalJson(body)) !== hash) tell(`${planFile}: its hash is not that of its content`);
  return plan;
}

async function readable(path: string): Promise<void> {
  try {
    for await (const _chunk of createReadStream(path, { end: 0 })) return;
  } catch (error) {
    throw unreadable(`${path} cannot be read: ${describeError(error)}`, error);
  }
}

async function* readHistory(path: string, reading: Reading): AsyncGenerator<HistoryLine> {
  for await (const line of readNumberedLines(path, historyLineSchema, 'seq')) {
    weigh(historyFile, line, reading);
    if (line.value !== null) yield line.value;
  }
}

async function* readLedger(path: string, reading: Reading): AsyncGenerator<LedgerEntry> {
  try {
    for await (const line of readNumberedLines(path, ledgerLineSchema, 'n')) {
      weigh(ledgerFile, line, reading);
      if (line.value !== null) yield line.value;
    }
  } catch (error) {
    // Before the load there is none; afterwards the checks miss what it would have held.
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isAbsent) reading.notes.push(`there is no ${ledgerFile}`);
    else reading.tell(`${ledgerFile} cannot be read: ${describeError(error)}`);
  }
}

function weigh(name: string, { lineNumber, value, problem }: ReadLine<unknown>, { tell, notes, count }: Reading): void {
  count.lines += 1;
  if (value !== null) count.believed += 1;
  if (problem?.kind === 'checksum_missing' && count.believed === 0) {
    // So are all lines of such a file; it is said once.
    if (count.lines === 1)
      tell(
        `${name} line ${lineNumber}: ${problem.text}, as an earlier version of Encore wrote the ledger; nobody can say whether a line without one is whole, so none is counted`,
      );
  } else if (problem?.kind === 'truncated') notes.push(`${name}: the last line is torn and was left out`);
  else if (problem !== null) tell(`${name} line ${lineNumber}: ${problem.text}`);
}

function unreadable(message: string, cause: unknown): EncoreError {
  return new EncoreError('RUN_FOLDER_UNREADABLE', message, { status: 400, definite: true, cause });
}
