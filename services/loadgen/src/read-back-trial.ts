/**
 * Shows once per run that the read-back can find what was written: reads objects back right after
 * their acknowledgement, until one has the digest of its write. Without that, a missing or
 * different object at the end may be a mistake of the workload's `readBack`.
 */
import type { LedgerEntry } from '@encore/contracts';
import type { FoundObject } from './worker/messages.ts';

type Acknowledged = Omit<Extract<LedgerEntry, { type: 'acknowledged' }>, 'at'>;

/** Enough to meet one object that no other operation changes in the meantime. */
const maxTrials = 20;

export interface TrialOptions {
  read: (id: string) => Promise<FoundObject>;
  matched: (id: string) => void;
}

export class ReadBackTrial {
  readonly #options: TrialOptions;
  #left = maxTrials;
  #reading: Promise<void> | null = null;

  constructor(options: TrialOptions) {
    this.#options = options;
  }

  /** Reads the object back, unless the trial is over or reads another one. */
  acknowledged(entry: Acknowledged): void {
    if (this.#left === 0 || this.#reading !== null) return;
    this.#left -= 1;
    this.#reading = this.#read(entry).finally(() => {
      this.#reading = null;
    });
  }

  /** A failure is no match; one of the workload is reported elsewhere. */
  async #read({ id, digest }: Acknowledged): Promise<void> {
    const found = await this.#options.read(id).catch(() => null);
    if (found === null || !('digest' in found) || found.digest !== digest) return;
    this.#left = 0;
    this.#options.matched(id);
  }

  /** Resolves when the last read has ended. */
  async ended(): Promise<void> {
    await this.#reading;
  }
}
