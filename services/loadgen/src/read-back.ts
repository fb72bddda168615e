/**
 * After the storm: everything that the ledger says must exist is read and its hash compared; what is listed and was never
 * promised is a phantom; writes that had no answer are resolved. The ledger's file is the only source, and gets the results.
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

type Verdict = Extract<LedgerEntry, { type: 'read_back' }>['verdict'];
type Found = { sha256: string; version: number } | null;
export interface Finding {
  key: string;
  verdict: Verdict;
}
export type ReadBackCounts = Omit<EventOf<'read_back_done'>, 'type' | 'at' | 'final'>;

const width = 8;
const absenceCheckedAfterMs = 500;

const longestMs = 300_000;

export interface ReadBackOptions {
  runId: string;
  runsDir: string;
  targetUrl: string;
  clock: Clock;
  signal: AbortSignal;
  progress: (done: number, total: number) => void;
}

/** Rejects when the server could not be asked to the end: without all answers there is no result. */
export async function readBackRun({ runId, runsDir, targetUrl, clock, signal, progress }: ReadBackOptions) {
  const folder = join(runsDir, runId);
  await access(join(folder, 'ledger.ndjson'));
  await using ledger = await Ledger.open(folder, clock);
  const dispatcher = new Pool(targetUrl, { connections: width, pipelining: 1, connect: { timeout: 3_000 } });
  const deadlineAt = clock.now() + longestMs;
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
  const counts = noCounts();
  let done = 0;
  const note = (scoreId: string, found: Found, findings: Finding[]) =>
    noteFindings(counts, ledger, scoreId, found, findings);
  await inParallel(scores.values(), width, async (score) => {
    const found = await readTwiceIfAbsent(score.scoreId, options);
    const mustExist = score.acknowledged !== null && !score.open.some(({ operation }) => operation === 'delete');
    if (mustExist) {
      counts.acknowledged += 1;
      counts.readBack += 1;
    }
    await note(score.scoreId, found, judgeScore(score, found));
    done += 1;
    progress(done, scores.size);
  });
  for await (const { id, sha256, version } of client.list(`${runId}-`)) {
    if (!scores.has(id)) await note(id, { sha256, version }, [{ key: id, verdict: 'phantom' }]);
  }
  return counts;
}

/** Counts them and writes them down, the right ones too: they say that the score was looked at. */
export async function noteFindings(
  counts: ReadBackCounts,
  ledger: Ledger,
  scoreId: string,
  found: Found,
  findings: readonly Finding[],
): Promise<void> {
  for (const { key, verdict } of findings) {
    count(counts, verdict);
    await ledger.write({ type: 'read_back', key, scoreId, found: found?.sha256 ?? null, verdict });
  }
}

/** What one score's content says of the writes to it. */
export function judgeScore({ acknowledged, open }: ExpectedScore, found: Found): Finding[] {
  const write = open.find(({ operation }) => operation !== 'delete');
  const [deletion, ...moreDeletions] = open.filter(({ operation }) => operation === 'delete');
  const of = (key: string | undefined, verdict: Verdict): Finding[] => (key === undefined ? [] : [{ key, verdict }]);
  if (found === null) {
    // Gone by the deletion that had no answer, or never there.
    const others = [...moreDeletions.map(({ key }) => key), write?.key].flatMap((key) => of(key, 'unknown_absent'));
    if (deletion) return [...of(deletion.key, 'unknown_present'), ...others];
    return [...of(acknowledged?.key, 'lost'), ...of(write?.key, 'unknown_absent')];
  }
  const notDeleted = [deletion, ...moreDeletions].flatMap((each) => of(each?.key, 'unknown_absent'));
  const owner = acknowledged?.key ?? write?.key ?? deletion?.key;
  if (acknowledged && found.sha256 === acknowledged.hash) {
    // One key must take effect once: a version beyond it says that it took effect again.
    const verdict =
      found.version === acknowledged.version
        ? 'intact'
        : found.version > acknowledged.version
          ? 'duplicate'
          : 'corrupt';
    return [...of(acknowledged.key, verdict), ...of(write?.key, 'unknown_absent'), ...notDeleted];
  }
  if (write && found.sha256 === write.hash) {
    const due = (acknowledged?.version ?? 0) + 1;
    if (found.version !== due) return [...of(write.key, found.version > due ? 'duplicate' : 'corrupt'), ...notDeleted];
    return [...of(acknowledged?.key, 'intact'), ...of(write.key, 'unknown_present'), ...notDeleted];
  }
  return [...of(owner, 'corrupt'), ...notDeleted];
}

export async function readTwiceIfAbsent(
  scoreId: string,
  { client, sleep }: Pick<Comparison, 'client' | 'sleep'>,
): Promise<Found> {
  const found = await client.read(scoreId);
  if (found !== null) return found;
  await sleep(absenceCheckedAfterMs);
  return client.read(scoreId);
}

export function noCounts(): ReadBackCounts {
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

function count(counts: ReadBackCounts, verdict: Verdict): void {
  if (verdict === 'intact') return;
  if (verdict === 'unknown_present') counts.unknownPresent += 1;
  else if (verdict === 'unknown_absent') counts.unknownAbsent += 1;
  else counts[verdict] += 1;
}
