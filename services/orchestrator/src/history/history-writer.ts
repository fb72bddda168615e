/**
 * The only writer of history.ndjson: one numbered line with a CRC for each event of the run, so
 * that the judge detects truncated, missing and changed lines. The events of the preflight wait
 * until the run has a folder.
 */
import type { EncoreEvent, HistoryLine } from '@encore/contracts';
import { NumberedFile } from '@encore/kit';

export type Source = HistoryLine['source'];

type State =
  /** `early`: added before the file is open. */
  | { kind: 'preflight'; early: EncoreEvent[] }
  | { kind: 'open'; file: NumberedFile; onFailure: (error: unknown) => void }
  | { kind: 'closed' };

export class HistoryWriter implements AsyncDisposable {
  readonly #onEvent: (event: EncoreEvent) => void;
  #state: State = { kind: 'preflight', early: [] };
  #lastAppend: Promise<void> = Promise.resolve();

  /** `onEvent` receives each event at once, whether or not it is on disk. */
  constructor(onEvent: (event: EncoreEvent) => void) {
    this.#onEvent = onEvent;
  }

  /**
   * Opens the file and writes `first`, then the events that were added before. `onFailure`: a line
   * could not be written (full disk), so the evidence ends there.
   */
  async open(path: string, onFailure: (error: unknown) => void, ...first: EncoreEvent[]): Promise<void> {
    const file = await NumberedFile.open(path, 'seq');
    const early = this.#state.kind === 'preflight' ? this.#state.early : [];
    this.#state = { kind: 'open', file, onFailure };
    for (const event of first) this.add(event);
    for (const event of early) this.#append('orchestrator', event);
  }

  /** Appends the event in call order. It is on disk when `flushed` resolves. */
  add(event: EncoreEvent, source: Source = 'orchestrator'): void {
    if (this.#state.kind === 'closed') return;
    if (this.#state.kind === 'preflight') this.#state.early.push(event);
    else this.#append(source, event);
    this.#onEvent(event);
  }

  /** True once the file was opened: the run has begun. */
  get hasBegun(): boolean {
    return this.#state.kind !== 'preflight';
  }

  /** Resolves when everything added so far is on disk, or `onFailure` has received the error. */
  async flushed(): Promise<void> {
    await this.#lastAppend.catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    await this.flushed();
    if (state.kind === 'open') await state.file.close();
  }

  #append(source: Source, event: EncoreEvent): void {
    if (this.#state.kind !== 'open') return;
    const { file, onFailure } = this.#state;
    this.#lastAppend = file.append({ source, event });
    this.#lastAppend.catch(onFailure);
  }
}
