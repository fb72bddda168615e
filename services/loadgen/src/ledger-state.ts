/**
 * Derives from the ledger which scores must be on the server. It keeps only scores that exist or
 * may exist, so its memory does not grow with the length of the run.
 */
import { type LedgerEntry, ledgerLineSchema } from '@encore/contracts';
import { readNumberedLines } from '@encore/kit';

interface OpenWrite {
  key: string;
  operation: 'create' | 'modify' | 'delete';
  hash: string;
}

export interface ExpectedScore {
  scoreId: string;
  /** The last acknowledged write; null if there is none. */
  acknowledged: { key: string; hash: string; version: number } | null;
  /** Writes without a response, which may have taken effect: a create or modify, then deletions. */
  open: OpenWrite[];
}

const maxProblems = 20;

export class LedgerState {
  readonly scores = new Map<string, ExpectedScore>();
  /** Damaged lines. A killed writer leaves at most one truncated line. */
  readonly problems: string[] = [];
  readonly #scoreOfKey = new Map<string, string>();

  static async read(path: string): Promise<LedgerState> {
    const state = new LedgerState();
    for await (const { lineNumber, value, problem } of readNumberedLines(path, ledgerLineSchema, 'n')) {
      if (value !== null) state.apply(value);
      if (problem !== null && state.problems.length < maxProblems)
        state.problems.push(`line ${lineNumber}: ${problem.text}`);
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
