/**
 * The single writer of history.ndjson: every event of the run, from every source, one numbered line each, with a CRC,
 * so that a torn, missing or changed line is noticed by whoever judges it later.
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

  /** `onFailure`: a line could not be written (a full disk), so the run has no evidence from here on. */
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

  /** Takes its place in the history at once; it is on disk when `flushed` resolves. */
  add(source: Source, event: EncoreEvent): void {
    if (this.#closed) return;
    this.#lastAppend = this.#file.append({ source, event });
    this.#lastAppend.catch(this.#onFailure);
    this.#onEvent(event, source);
  }

  /** Everything added so far is on disk, or could not be written, which `onFailure` was told. */
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
