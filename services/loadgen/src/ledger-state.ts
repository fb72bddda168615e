/**
 * Derives from the ledger which objects must be on the server. It keeps only objects that exist or
 * may exist, so its memory grows only with what the workload does not delete.
 */
import { ledgerLineSchema } from '@encore/contracts';
import { readNumberedLines } from '@encore/kit';
import type { UserEntry } from './worker/messages.ts';

interface OpenWrite {
  key: string;
  operation: 'write' | 'delete';
  digest: string;
}

export interface ExpectedObject {
  id: string;
  /** The last acknowledged write; null if there is none. */
  acknowledged: { key: string; digest: string; version?: number | undefined } | null;
  /** Writes without a response, which may have taken effect, in order. */
  open: OpenWrite[];
}

const maxProblems = 20;

export class LedgerState {
  readonly objects = new Map<string, ExpectedObject>();
  /** Damaged lines. A killed writer leaves at most one truncated line. */
  readonly problems: string[] = [];
  readonly #objectOfKey = new Map<string, string>();

  static async read(path: string): Promise<LedgerState> {
    const state = new LedgerState();
    for await (const { lineNumber, value, problem } of readNumberedLines(path, ledgerLineSchema, 'n')) {
      if (value !== null) state.apply(value);
      if (problem !== null && state.problems.length < maxProblems)
        state.problems.push(`line ${lineNumber}: ${problem.text}`);
    }
    return state;
  }

  apply(entry: UserEntry): void {
    if (entry.type === 'intended') this.#intend(entry);
    else if (entry.type !== 'read_back' && entry.type !== 'unknown') this.#conclude(entry);
  }

  #conclude(entry: Extract<UserEntry, { type: 'acknowledged' | 'refused' | 'deleted' }>): void {
    const object = this.objects.get(this.#objectOfKey.get(entry.key) ?? '');
    if (!object) return;
    if (entry.type === 'deleted') {
      this.#forget(object);
      return;
    }
    this.#objectOfKey.delete(entry.key);
    object.open = object.open.filter(({ key }) => key !== entry.key);
    if (entry.type === 'acknowledged') {
      object.acknowledged = { key: entry.key, digest: entry.digest, version: entry.version };
    } else if (object.acknowledged === null && object.open.length === 0) {
      this.#forget(object);
    }
  }

  #intend({ key, id, operation, digest }: Extract<UserEntry, { type: 'intended' }>): void {
    const object = this.objects.get(id) ?? { id, acknowledged: null, open: [] };
    object.open = [...object.open.filter((write) => write.key !== key), { key, operation, digest }];
    this.objects.set(id, object);
    this.#objectOfKey.set(key, id);
  }

  #forget(object: ExpectedObject): void {
    for (const { key } of object.open) this.#objectOfKey.delete(key);
    this.objects.delete(object.id);
  }
}
