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
const latencyFile = 'latency.hlog';
export const planFile = 'plan.json';

const maxProblems = 20;

interface Reading {
  /** Of what rules out PASSED. */
  tell: (problem: string) => void;
  notes: string[];
}

/** Throws RUN_FOLDER_UNREADABLE when there is no plan or no history; all else is a problem that the judge weighs. */
export async function readRunFolder(folder: string): Promise<Required<JudgedRun>> {
  const problems: string[] = [];
  const notes: string[] = [];
  const tell = (problem: string): void => {
    if (problems.length < maxProblems) problems.push(problem);
  };
  const plan = await readPlan(join(folder, planFile), tell);
  await readable(join(folder, historyFile));
  return {
    plan,
    history: readHistory(join(folder, historyFile), { tell, notes }),
    ledger: readLedger(join(folder, ledgerFile), { tell, notes }),
    latencies: await readLatencies(join(folder, latencyFile)),
    historyProblems: problems,
    historyNotes: notes,
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
  for await (const { place, value, flaw } of readNumberedLines(path, historyLineSchema, 'seq')) {
    tellFlaw(historyFile, place, flaw, reading);
    if (value !== null) yield value;
  }
}

async function* readLedger(path: string, reading: Reading): AsyncGenerator<LedgerEntry> {
  try {
    for await (const { place, value, flaw } of readNumberedLines(path, ledgerLineSchema, 'n')) {
      if (place === 1 && flaw?.kind === 'unsealed') {
        reading.tell(
          `${ledgerFile}: an earlier version wrote it, without numbers and checksums, so nobody can say whether it is whole; nothing of it was counted`,
        );
        return;
      }
      tellFlaw(ledgerFile, place, flaw, reading);
      if (value !== null) yield value;
    }
  } catch (error) {
    // Before the load there is none; afterwards the checks miss what it would have held.
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isAbsent) reading.notes.push(`there is no ${ledgerFile}`);
    else reading.tell(`${ledgerFile} cannot be read: ${describeError(error)}`);
  }
}

function tellFlaw(name: string, place: number, flaw: ReadLine<unknown>['flaw'], { tell, notes }: Reading): void {
  if (flaw?.kind === 'torn') notes.push(`${name}: the last line is torn and was left out`);
  else if (flaw !== null) tell(`${name} line ${place}: ${flaw.text}`);
}

function unreadable(message: string, cause: unknown): EncoreError {
  return new EncoreError('RUN_FOLDER_UNREADABLE', message, { status: 400, definite: true, cause });
}
