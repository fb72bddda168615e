/**
 * Audits the ledger line by line: compares acknowledged with read-back objects, independently of
 * the load generator's totals. Only live objects and those with a finding stay in memory, so a
 * ledger of millions of lines needs little of it.
 *
 *   intended ──▶ acknowledged ──▶ live ──▶ deleted    live + its digest read back = intact
 *            └─▶ unknown: either version is valid     live + other = lost, corrupt, unverified
 *
 * A finding of a sample during steady remains, even if the object is deleted later; if the final
 * read-back finds it again, it still counts once.
 */
import type { LedgerEntry } from '@encore/contracts';
import { type Span, union } from '../events/span.ts';

interface LiveObject {
  digest: string;
  /** The last acknowledged write, from its intent to its acknowledgement. */
  written: Span;
  /** Unanswered writes by key: each may have taken effect, and so changed or deleted the object. */
  open: Map<string, Pick<Intent, 'operation' | 'digest'>>;
  isRead: boolean;
}

type Intended = Extract<LedgerEntry, { type: 'intended' }>;
type Intent = Pick<Intended, 'operation' | 'digest' | 'id' | 'at'>;
type ReadBack = Extract<LedgerEntry, { type: 'read_back' }>;

/** A write acknowledged this long before a fault may still be in a cache. */
export const settlingMs = 5_000;
const maxOpen = 100;
const maxRuns = 5;

export class Ledger {
  readonly #live = new Map<string, LiveObject>();
  readonly #intents = new Map<string, Intent>();
  /** Ids of objects. */
  readonly #wrong = {
    lost: new Set<string>(),
    corrupt: new Set<string>(),
    duplicate: new Set<string>(),
    phantom: new Set<string>(),
  };
  readonly #unknown = new Map<string, 'unknown_present' | 'unknown_absent'>();
  #entries = 0;
  readonly #runs = new Set<string>();

  add(entry: LedgerEntry): void {
    this.#entries += 1;
    if ('id' in entry) this.#note(entry.id);
    switch (entry.type) {
      case 'intended':
        this.#intend(entry);
        break;
      case 'acknowledged':
        this.#acknowledge(entry);
        break;
      case 'unknown':
        // The write stays in `open`, where the intent put it.
        this.#intents.delete(entry.key);
        break;
      case 'refused':
        this.#refuse(entry.key);
        break;
      case 'deleted':
        this.#intents.delete(entry.key);
        this.#live.delete(entry.id);
        break;
      case 'read_back':
        this.#readBack(entry);
        break;
    }
  }

  get figures() {
    const certain = [...this.#live.values()].filter(isCertain);
    const unknown = [...this.#unknown.values()];
    const unverified = certain.filter(({ isRead }) => !isRead).length;
    return {
      acknowledged: certain.length,
      readBack: certain.length - unverified,
      lost: this.#wrong.lost.size,
      corrupt: this.#wrong.corrupt.size,
      duplicate: this.#wrong.duplicate.size,
      phantom: this.#wrong.phantom.size,
      unknownPresent: unknown.filter((finding) => finding === 'unknown_present').length,
      unknownAbsent: unknown.filter((finding) => finding === 'unknown_absent').length,
      /** Acknowledged objects without a read-back line. */
      unverified,
      entries: this.#entries,
    };
  }

  /**
   * Counts the objects read back whose last write was in flight during one of the spans, or
   * acknowledged during it or up to 5 s before it.
   */
  exposedTo(faults: readonly Span[]): number {
    const spans = union(faults.map(({ fromAt, toAt }) => ({ fromAt: fromAt - settlingMs, toAt })));
    const isExposed = ({ fromAt, toAt }: Span) => spans.some((span) => fromAt <= span.toAt && toAt >= span.fromAt);
    const read = [...this.#live.values()].filter((live) => live.isRead && isCertain(live));
    return read.filter(({ written }) => isExposed(written)).length;
  }

  /** The first few runs with objects in the ledger: an object's id starts with its run's. */
  get runs(): string[] {
    return [...this.#runs];
  }

  #note(id: string): void {
    if (this.#runs.size < maxRuns) this.#runs.add(runOf(id));
  }

  #intend({ key, operation, id, digest, at }: Intended): void {
    this.#intents.set(key, { operation, id, digest, at });
    const open = this.#live.get(id)?.open;
    if (open !== undefined && open.size < maxOpen) open.set(key, { operation, digest });
  }

  #acknowledge({ key, id, digest, at }: Extract<LedgerEntry, { type: 'acknowledged' }>): void {
    const written = { fromAt: this.#intents.get(key)?.at ?? at, toAt: at };
    this.#intents.delete(key);
    const open = this.#live.get(id)?.open ?? new Map();
    open.delete(key);
    this.#live.set(id, { digest, written, open, isRead: false });
  }

  #refuse(key: string): void {
    const intent = this.#intents.get(key);
    this.#intents.delete(key);
    if (intent !== undefined) this.#live.get(intent.id)?.open.delete(key);
  }

  #readBack({ key, id, found, problem, finding }: ReadBack): void {
    if (finding === 'duplicate' || finding === 'phantom') this.#wrong[finding].add(id);
    if (finding === 'unknown_present' || finding === 'unknown_absent') this.#unknown.set(key, finding);
    const live = this.#live.get(id);
    // A list that shows an object twice did not read it.
    if (live === undefined || (finding === 'duplicate' && found === null)) return;
    live.isRead = true;
    if (!isCertain(live)) return;
    // The digest decides, unless the read-back itself reports something worse.
    if (problem !== undefined) this.#wrong.corrupt.add(id);
    else if (found === null || finding === 'lost') this.#wrong.lost.add(id);
    else if (finding === 'corrupt' || !mayHold(live, found)) this.#wrong.corrupt.add(id);
  }
}

export function runOf(id: string): string {
  return id.split('-', 1)[0] ?? '';
}

/** True if the object has no unanswered deletion. */
function isCertain({ open }: LiveObject): boolean {
  return ![...open.values()].some(({ operation }) => operation === 'delete');
}

function mayHold({ digest, open }: LiveObject, found: string): boolean {
  return found === digest || [...open.values()].some((write) => write.operation !== 'delete' && write.digest === found);
}
