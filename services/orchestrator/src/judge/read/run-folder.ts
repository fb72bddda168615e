/**
 * Reads the files of a run line by line and collects their problems. A truncated last line (its
 * writer was killed) is only noted: nothing depended on it yet.
 */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { filesVersionProblem, historyLineSchema, ledgerLineSchema, type Plan, planSchema } from '@encore/contracts';
import {
  canonicalJson,
  describeError,
  EncoreError,
  parse,
  type ReadLine,
  readNumberedLines,
  sha256Hex,
} from '@encore/kit';
import { readTextFile } from '@encore/kit/text-file';
import { Ledger } from '../collect/integrity.ts';
import { History } from '../history.ts';
import { readLatencies } from './latencies.ts';

export const historyFile = 'history.ndjson';
export const ledgerFile = 'ledger.ndjson';
export const latencyFile = 'latency.hlog';
export const planFile = 'plan.json';

const maxProblems = 20;
/** Limits what is read into memory at once. */
const maxPlanBytes = 64 * 1024 * 1024;

/** `accepted`: lines that are valid and passed to the judge. */
type LineCount = { lines: number; accepted: number };

export type RunFolder = Awaited<ReturnType<typeof readRunFolder>>;

/** What was found wrong with the files so far. */
class FileProblems {
  readonly problems: string[] = [];
  readonly notes: string[] = [];

  /** Records a problem that rules out PASSED. */
  add(problem: string): void {
    if (this.problems.length < maxProblems) this.problems.push(problem);
  }
}

/** Throws RUN_FOLDER_UNREADABLE without a readable plan and history; all else becomes a problem. */
export async function readRunFolder(folder: string) {
  const found = new FileProblems();
  const plan = await readPlan(join(folder, planFile), found);
  await assertReadable(join(folder, historyFile));
  const latencies = await readLatencies(join(folder, latencyFile));
  for (const problem of latencies.problems) found.add(`${latencyFile} ${problem}`);
  if (latencies.isTruncated) found.notes.push(`${latencyFile}: skipped the truncated last line`);
  const history = new History(plan);
  const ledger = new Ledger();
  const counts = {
    history: await readLines(historyFile, readNumberedLines(join(folder, historyFile), historyLineSchema, 'seq'), {
      found,
      add: ({ event }) => history.add(event),
    }),
    ledger: await readLedger(join(folder, ledgerFile), ledger, found),
  };
  history.end();
  const { problems, notes } = found;
  return { history, ledger, latencies, problems, notes, counts };
}

async function readPlan(path: string, found: FileProblems): Promise<Plan> {
  let plan: Plan;
  try {
    const file = readTextFile(path, { maxBytes: maxPlanBytes, tooLarge: 'too large for a plan' });
    if (!file.ok) throw new Error(file.problem);
    const stored: unknown = JSON.parse(file.text);
    const problem = filesVersionProblem(stored);
    if (problem !== null) throw new Error(problem);
    plan = parse(planSchema, stored, path);
  } catch (error) {
    throw unreadable(`${path} cannot be used: ${describeError(error)}`, error);
  }
  const { hash, ...body } = plan;
  if (sha256Hex(canonicalJson(body)) !== hash) found.add(`${planFile}: its hash does not match its content`);
  return plan;
}

async function assertReadable(path: string): Promise<void> {
  try {
    for await (const _chunk of createReadStream(path, { end: 0 })) return;
  } catch (error) {
    throw unreadable(`${path} cannot be read: ${describeError(error)}`, error);
  }
}

async function readLedger(path: string, ledger: Ledger, found: FileProblems): Promise<LineCount> {
  try {
    return await readLines(ledgerFile, readNumberedLines(path, ledgerLineSchema, 'n'), {
      found,
      add: (entry) => ledger.add(entry),
    });
  } catch (error) {
    // Before the load starts there is no ledger; afterwards an evidence requirement reports the
    // gap.
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isAbsent) found.notes.push(`there is no ${ledgerFile}`);
    else found.add(`${ledgerFile} cannot be read: ${describeError(error)}`);
    return { lines: 0, accepted: 0 };
  }
}

/** Counts the lines of a file, records their problems, and passes on the valid ones. */
async function readLines<Value>(
  name: string,
  lines: AsyncIterable<ReadLine<Value>>,
  { found, add }: { found: FileProblems; add: (value: Value) => void },
): Promise<LineCount> {
  const count = { lines: 0, accepted: 0 };
  for await (const { lineNumber, value, problem } of lines) {
    count.lines += 1;
    if (value !== null) {
      count.accepted += 1;
      add(value);
    }
    if (problem?.kind === 'truncated') found.notes.push(`${name}: skipped the truncated last line`);
    else if (problem?.kind !== 'checksum_missing' || count.accepted > 0) {
      if (problem !== null) found.add(`${name} line ${lineNumber}: ${problem.text}`);
      // The whole file has no checksums, so report this only once.
    } else if (count.lines === 1) {
      found.add(
        `${name} line ${lineNumber}: ${problem.text}; without checksums no line can be trusted, so all are ignored`,
      );
    }
  }
  return count;
}

function unreadable(message: string, cause: unknown): EncoreError {
  return new EncoreError('RUN_FOLDER_UNREADABLE', message, { cause });
}
