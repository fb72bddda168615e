/**
 * Records every write on disk before the user's next step. The final read-back uses only this file,
 * so it works even if the generator that wrote it was killed.
 */
import { join } from 'node:path';
import { type Clock, NumberedFile } from '@encore/kit';
import type { UserEntry } from './worker/messages.ts';

export class Ledger implements AsyncDisposable {
  readonly path: string;
  acknowledged = 0;
  readonly #file: NumberedFile;
  readonly #clock: Clock;

  private constructor(path: string, file: NumberedFile, clock: Clock) {
    this.path = path;
    this.#file = file;
    this.#clock = clock;
  }

  /** Opens the ledger and continues the numbering of an earlier generator. */
  static async open(runFolder: string, clock: Clock): Promise<Ledger> {
    const path = join(runFolder, 'ledger.ndjson');
    return new Ledger(path, await NumberedFile.open(path, 'n'), clock);
  }

  /** Resolves when the entry is on disk. */
  async write(entry: UserEntry): Promise<void> {
    await this.#file.append({ ...entry, at: this.#clock.now() });
    if (entry.type === 'acknowledged') this.acknowledged += 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
