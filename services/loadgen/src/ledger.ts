/**
 * What the users were promised, on disk before their next step. The file is the evidence: the final read-back works from it
 * alone, also when the generator that wrote it is gone.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { LedgerEntry } from '@encore/contracts';
import { AppendFile, type Clock } from '@encore/kit';

type WithoutTime<Entry> = Entry extends { at: number } ? Omit<Entry, 'at'> : never;

export class Ledger implements AsyncDisposable {
  readonly path: string;
  acknowledged = 0;
  readonly #file: AppendFile;
  readonly #clock: Clock;

  private constructor(path: string, file: AppendFile, clock: Clock) {
    this.path = path;
    this.#file = file;
    this.#clock = clock;
  }

  static async open(runFolder: string, clock: Clock): Promise<Ledger> {
    const path = join(runFolder, 'ledger.ndjson');
    const file = await AppendFile.open(path);
    // A killed writer may have left half a line: what comes now begins on its own.
    if (await endsWithinLine(path)) await file.append('');
    return new Ledger(path, file, clock);
  }

  /** Resolves when the entry is on disk. */
  async write(entry: WithoutTime<LedgerEntry>): Promise<void> {
    await this.#file.append(JSON.stringify({ ...entry, at: this.#clock.now() }));
    if (entry.type === 'acknowledged') this.acknowledged += 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

async function endsWithinLine(path: string): Promise<boolean> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() !== '\n';
}
