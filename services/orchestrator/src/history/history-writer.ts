/**
 * The only writer of history.ndjson: one numbered line with a CRC for each event of the run, so
 * that the judge detects truncated, missing and changed lines.
 */
import type { EncoreEvent, HistoryLine } from '@encore/contracts';
import { NumberedFile } from '@encore/kit';

export type Source = HistoryLine['source'];

interface Options {
  file: NumberedFile;
  onEvent: (event: EncoreEvent, source: Source) => void;
  /** A line could not be written (full disk), so the evidence ends there. */
  onFailure: (error: unknown) => void;
}

export class HistoryWriter implements AsyncDisposable {
  readonly #options: Options;
  #closed = false;
  #lastAppend: Promise<void> = Promise.resolve();

  private constructor(options: Options) {
    this.#options = options;
  }

  static async open(
    path: string,
    onEvent: Options['onEvent'],
    onFailure: Options['onFailure'],
  ): Promise<HistoryWriter> {
    return new HistoryWriter({ file: await NumberedFile.open(path, 'seq'), onEvent, onFailure });
  }

  get length(): number {
    return this.#options.file.last;
  }

  /** Appends the event in call order. It is on disk when `flushed` resolves. */
  add(source: Source, event: EncoreEvent): void {
    if (this.#closed) return;
    this.#lastAppend = this.#options.file.append({ source, event });
    this.#lastAppend.catch(this.#options.onFailure);
    this.#options.onEvent(event, source);
  }

  /** Resolves when everything added so far is on disk, or `onFailure` has received the error. */
  async flushed(): Promise<void> {
    await this.#lastAppend.catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.flushed();
    await this.#options.file.close();
  }
}
