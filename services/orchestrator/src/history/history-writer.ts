/**
 * The only writer of history.ndjson: one numbered line with a CRC for each event of the run, so
 * that the judge detects truncated, missing and changed lines.
 */
import type { EncoreEvent, HistoryLine } from '@encore/contracts';
import { NumberedFile } from '@encore/kit';

export type Source = HistoryLine['source'];

export class HistoryWriter implements AsyncDisposable {
  readonly #file: NumberedFile;
  readonly #onEvent: (event: EncoreEvent, source: Source) => void;
  readonly #onFailure: (error: unknown) => void;
  #closed = false;
  #lastAppend: Promise<void> = Promise.resolve();

  private constructor(
    file: NumberedFile,
    onEvent: (event: EncoreEvent, source: Source) => void,
    onFailure: (error: unknown) => void,
  ) {
    this.#file = file;
    this.#onEvent = onEvent;
    this.#onFailure = onFailure;
  }

  /** `onFailure`: a line could not be written (full disk), so the evidence ends there. */
  static async open(
    path: string,
    onEvent: (event: EncoreEvent, source: Source) => void,
    onFailure: (error: unknown) => void,
  ): Promise<HistoryWriter> {
    return new HistoryWriter(await NumberedFile.open(path, 'seq'), onEvent, onFailure);
  }

  get length(): number {
    return this.#file.last;
  }

  /** Appends the event in call order. It is on disk when `flushed` resolves. */
  add(source: Source, event: EncoreEvent): void {
    if (this.#closed) return;
    this.#lastAppend = this.#file.append({ source, event });
    this.#lastAppend.catch(this.#onFailure);
    this.#onEvent(event, source);
  }

  /** Resolves when everything added so far is on disk, or `onFailure` has received the error. */
  async flushed(): Promise<void> {
    await this.#lastAppend.catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.flushed();
    await this.#file.close();
  }
}
