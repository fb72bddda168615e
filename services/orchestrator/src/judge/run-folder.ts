/**
 * A run's folder as the judge reads it, line by line. Everything that is wrong with the files is collected while they are
 * read; a torn last line (the writer was killed in the middle of it) is dropped and noted, for it was never promised.
 */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type HistoryLine, type LedgerEntry, ledgerEntrySchema, type Plan, planSchema } from '@encore/contracts';
import { canonicalJson, describeError, EncoreError, parse, problemsOf, sha256Hex } from '@encore/kit';
import { decodeHistoryLine } from './history-line.ts';
import type { JudgedRun } from './judge.ts';
import { readLatencies } from './latencies.ts';

export const historyFile = 'history.ndjson';
export const ledgerFile = 'ledger.ndjson';
const latencyFile = 'latency.hlog';
export const planFile = 'plan.json';

const maxProblems = 20;

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
    history: readHistory(join(folder, historyFile), tell, notes),
    ledger: readLedger(join(folder, ledgerFile), tell, notes),
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

async function* readHistory(
  path: string,
  tell: (problem: string) => void,
  notes: string[],
): AsyncGenerator<HistoryLine> {
  let expected = 1;
  for await (const { text, number, isLast } of linesOf(path)) {
    const decoded = decodeHistoryLine(text);
    if (!decoded.ok) {
      if (isLast) notes.push(`${historyFile}: the last line is torn and was left out`);
      else tell(`${historyFile} line ${number}: ${decoded.problem}`);
      // What stood there took a number, whatever it was.
      expected += 1;
      continue;
    }
    const { line } = decoded;
    if (line.seq !== expected)
      tell(`${historyFile} line ${number}: number ${line.seq} stands where ${expected} should`);
    expected = line.seq + 1;
    yield line;
  }
}

async function* readLedger(
  path: string,
  tell: (problem: string) => void,
  notes: string[],
): AsyncGenerator<LedgerEntry> {
  try {
    for await (const { text, number, isLast } of linesOf(path)) {
      const parsed = parseEntry(text);
      if (typeof parsed !== 'string') yield parsed;
      else if (isLast) notes.push(`${ledgerFile}: the last line is torn and was left out`);
      else tell(`${ledgerFile} line ${number}: ${parsed}`);
    }
  } catch (error) {
    // Before the load there is none; afterwards the checks miss what it would have held.
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isAbsent) notes.push(`there is no ${ledgerFile}`);
    else tell(`${ledgerFile} cannot be read: ${describeError(error)}`);
  }
}

function parseEntry(text: string): LedgerEntry | string {
  try {
    const parsed = ledgerEntrySchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : problemsOf(parsed.error).join('; ');
  } catch (error) {
    return `no JSON (${describeError(error)})`;
  }
}

/** Lines with their number from 1; one line is held back, so that the last is known as the last. */
async function* linesOf(path: string): AsyncGenerator<{ text: string; number: number; isLast: boolean }> {
  let held: { text: string; number: number } | null = null;
  let number = 0;
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const text of lines) {
    number += 1;
    if (text === '') continue;
    if (held !== null) yield { ...held, isLast: false };
    held = { text, number };
  }
  if (held !== null) yield { ...held, isLast: true };
}

function unreadable(message: string, cause: unknown): EncoreError {
  return new EncoreError('RUN_FOLDER_UNREADABLE', message, { status: 400, definite: true, cause });
}
