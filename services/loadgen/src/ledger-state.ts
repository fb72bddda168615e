/**
 * What must be on the server, by the ledger. Read line by line; in memory are only the scores that exist or may exist, so
 * a ledger of a day costs no more than one of a minute.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type LedgerEntry, ledgerEntrySchema } from '@encore/contracts';

interface OpenWrite {
  key: string;
  operation: 'create' | 'modify' | 'delete';
  hash: string;
}

export interface ExpectedScore {
  scoreId: string;
  /** The last write that the server acknowledged; null when none was. */
  acknowledged: { key: string; hash: string; version: number } | null;
  /** Writes without an answer: each may have taken effect or not. At most a create or modify, and a deletion after it. */
  open: OpenWrite[];
}

export class LedgerState {
  readonly scores = new Map<string, ExpectedScore>();
  /** Lines that were no entries: at most the last one, when the writer was killed. */
  damagedLines = 0;
  readonly #scoreOfKey = new Map<string, string>();

  static async read(path: string): Promise<LedgerState> {
    const state = new LedgerState();
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
      const entry = parseEntry(line);
      if (entry) state.apply(entry);
      else state.damagedLines += 1;
    }
    return state;
  }

  apply(entry: LedgerEntry): void {
    if (entry.type === 'intended') this.#intend(entry);
    else if (entry.type !== 'read_back' && entry.type !== 'unknown') this.#conclude(entry);
  }

  #conclude(entry: Extract<LedgerEntry, { type: 'acknowledged' | 'refused' | 'deleted' }>): void {
    const score = this.scores.get(this.#scoreOfKey.get(entry.key) ?? '');
    if (!score) return;
    if (entry.type === 'deleted') {
      this.#forget(score);
      return;
    }
    this.#scoreOfKey.delete(entry.key);
    score.open = score.open.filter(({ key }) => key !== entry.key);
    if (entry.type === 'acknowledged') {
      score.acknowledged = { key: entry.key, hash: entry.hash, version: entry.version };
    } else if (score.acknowledged === null && score.open.length === 0) {
      this.#forget(score);
    }
  }

  #intend({ key, scoreId, operation, hash }: Extract<LedgerEntry, { type: 'intended' }>): void {
    if (scoreId === undefined) return;
    const score = this.scores.get(scoreId) ?? { scoreId, acknowledged: null, open: [] };
    score.open = [...score.open.filter((write) => write.key !== key), { key, operation, hash }];
    this.scores.set(scoreId, score);
    this.#scoreOfKey.set(key, scoreId);
  }

  #forget(score: ExpectedScore): void {
    for (const { key } of score.open) this.#scoreOfKey.delete(key);
    this.scores.delete(score.scoreId);
  }
}

function parseEntry(line: string): LedgerEntry | null {
  try {
    return ledgerEntrySchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
