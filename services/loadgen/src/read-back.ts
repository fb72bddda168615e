/**
 * The read-back: reads every score that must exist according to the ledger and compares hash and
 * version. A listed score that is not in the ledger is a phantom. Writes without a response are
 * resolved. The ledger's file is the only source, and receives the results.
 */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventOf, LedgerEntry } from '@encore/contracts';
import type { Clock } from '@encore/kit';
import { Pool } from 'undici';
import { inParallel } from './in-parallel.ts';
import { Ledger } from './ledger.ts';
import { type ExpectedScore, LedgerState } from './ledger-state.ts';
import { ScoreClient } from './score-client.ts';

type ReadBackFinding = Extract<LedgerEntry, { type: 'read_back' }>['finding'];
type Found = { sha256: string; version: number } | null;
export interface Finding {
  key: string;
  finding: ReadBackFinding;
}
export type ReadBackCounts = Omit<EventOf<'read_back_done'>, 'type' | 'at' | 'final'>;

const concurrency = 8;
const absenceRecheckMs = 500;
const timeoutMs = 300_000;

export interface ReadBackOptions {
  runId: string;
  runsDir: string;
  targetUrl: string;
  clock: Clock;
  signal: AbortSignal;
  progress: (done: number, total: number) => void;
}

/** Rejects if any score could not be read within five minutes: there are no partial results. */
export async function readBackRun({ runId, runsDir, targetUrl, clock, signal, progress }: ReadBackOptions) {
  const folder = join(runsDir, runId);
  await access(join(folder, 'ledger.ndjson'));
  await using ledger = await Ledger.open(folder, clock);
  const dispatcher = new Pool(targetUrl, { connections: concurrency, pipelining: 1, connect: { timeout: 3_000 } });
  const deadlineAt = clock.now() + timeoutMs;
  const client = new ScoreClient({ dispatcher, clock, clientId: `${runId}-read-back`, deadlineAt, signal });
  try {
    return await compare({ runId, client, ledger, progress, sleep: (ms) => clock.sleep(ms, signal) });
  } finally {
    await dispatcher.destroy();
  }
}

export interface Comparison {
  runId: string;
  client: ScoreClient;
  ledger: Ledger;
  sleep: (ms: number) => Promise<void>;
  progress: (done: number, total: number) => void;
}

async function compare(options: Comparison): Promise<ReadBackCounts> {
  const { runId, client, ledger, progress } = options;
  const { scores } = await LedgerState.read(ledger.path);
  const counts = zeroCounts();
  let done = 0;
  const record = (scoreId: string, found: Found, findings: Finding[]) =>
    recordFindings(counts, ledger, scoreId, found, findings);
  await inParallel(scores.values(), concurrency, async (score) => {
    const found = await readTwiceIfAbsent(score.scoreId, options);
    const mustExist = score.acknowledged !== null && !score.open.some(({ operation }) => operation === 'delete');
    if (mustExist) {
      counts.acknowledged += 1;
      counts.readBack += 1;
    }
    await record(score.scoreId, found, findingsFor(score, found));
    done += 1;
    progress(done, scores.size);
  });
  for await (const { id, sha256, version } of client.list(`${runId}-`)) {
    if (!scores.has(id)) await record(id, { sha256, version }, [{ key: id, finding: 'phantom' }]);
  }
  return counts;
}

/** Counts the findings and records them in the ledger. */
export async function recordFindings(
  counts: ReadBackCounts,
  ledger: Ledger,
  scoreId: string,
  found: Found,
  findings: readonly Finding[],
): Promise<void> {
  for (const { key, finding } of findings) {
    count(counts, finding);
    await ledger.write({ type: 'read_back', key, scoreId, found: found?.sha256 ?? null, finding });
  }
}

/** Derives from a score's stored state what happened to each write to it. */
export function findingsFor({ acknowledged, open }: ExpectedScore, found: Found): Finding[] {
  const write = open.find(({ operation }) => operation !== 'delete');
  const [deletion, ...moreDeletions] = open.filter(({ operation }) => operation === 'delete');
  const of = (key: string | undefined, finding: ReadBackFinding): Finding[] =>
    key === undefined ? [] : [{ key, finding }];
  if (found === null) {
    // Deleted by the deletion without a response, or never created.
    const others = [...moreDeletions.map(({ key }) => key), write?.key].flatMap((key) => of(key, 'unknown_absent'));
    if (deletion) return [...of(deletion.key, 'unknown_present'), ...others];
    return [...of(acknowledged?.key, 'lost'), ...of(write?.key, 'unknown_absent')];
  }
  const notDeleted = [deletion, ...moreDeletions].flatMap((each) => of(each?.key, 'unknown_absent'));
  const owner = acknowledged?.key ?? write?.key ?? deletion?.key;
  if (acknowledged && found.sha256 === acknowledged.hash) {
    // A key must take effect once: a higher version means that it took effect again.
    const finding =
      found.version === acknowledged.version
        ? 'intact'
        : found.version > acknowledged.version
          ? 'duplicate'
          : 'corrupt';
    return [...of(acknowledged.key, finding), ...of(write?.key, 'unknown_absent'), ...notDeleted];
  }
  if (write && found.sha256 === write.hash) {
    const expected = (acknowledged?.version ?? 0) + 1;
    if (found.version !== expected)
      return [...of(write.key, found.version > expected ? 'duplicate' : 'corrupt'), ...notDeleted];
    return [...of(acknowledged?.key, 'intact'), ...of(write.key, 'unknown_present'), ...notDeleted];
  }
  return [...of(owner, 'corrupt'), ...notDeleted];
}

/** Reads a score, and again after 500 ms if it is missing. */
export async function readTwiceIfAbsent(
  scoreId: string,
  { client, sleep }: Pick<Comparison, 'client' | 'sleep'>,
): Promise<Found> {
  const found = await client.read(scoreId);
  if (found !== null) return found;
  await sleep(absenceRecheckMs);
  return client.read(scoreId);
}

export function zeroCounts(): ReadBackCounts {
  return {
    acknowledged: 0,
    readBack: 0,
    lost: 0,
    corrupt: 0,
    duplicate: 0,
    phantom: 0,
    unknownPresent: 0,
    unknownAbsent: 0,
  };
}

function count(counts: ReadBackCounts, finding: ReadBackFinding): void {
  if (finding === 'intact') return;
  if (finding === 'unknown_present') counts.unknownPresent += 1;
  else if (finding === 'unknown_absent') counts.unknownAbsent += 1;
  else counts[finding] += 1;
}
