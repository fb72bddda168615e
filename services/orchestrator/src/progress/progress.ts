/**
 * The terminal output during a run: the monitor's screen if there is one; otherwise plain lines
 * ordered by time, one per event and a status line every ten seconds.
 */
import type { EncoreEvent, Target } from '@encore/contracts';
import { eventLine } from './event-line.ts';
import type { Snapshot } from './run-view.ts';
import { clockTime, statusLine } from './status-lines.ts';

export interface Output {
  write(text: string): unknown;
}

/** A full screen, which hides the lines while it is open. */
export interface Screen {
  show(state: Snapshot): void;
  close(): Promise<void>;
}

const plainEveryMs = 10_000;
/** Events arrive out of order by up to this much, because each service is polled every 500 ms. */
const orderMs = 1_000;
/** Maximum number of lines kept while a screen is open, and printed when it closes. */
const maxHidden = 40;

export class Progress {
  readonly #output: Output;
  readonly #judged: Target;
  #screen: Screen | null = null;
  #hidden: string[] = [];
  /** Lines in the order of their times, held back while an earlier one may still arrive. */
  #pending: { at: number; text: string }[] = [];
  #lastPlainAt = Number.NEGATIVE_INFINITY;

  constructor(output: Output, judged: Target) {
    this.#judged = judged;
    this.#output = output;
  }

  open(screen: Screen): void {
    this.#screen = screen;
  }

  /** Returns to line output. */
  async closeScreen(): Promise<void> {
    const screen = this.#screen;
    if (screen === null) return;
    this.#screen = null;
    await screen.close();
    for (const line of this.#hidden) this.#write(line);
    this.#hidden = [];
  }

  /** Prints all pending lines, then this text. */
  print(text: string): void {
    this.#flushUntil(Number.POSITIVE_INFINITY);
    this.#emit(text);
  }

  onEvent(event: EncoreEvent): void {
    const line = eventLine(event, this.#judged);
    if (line !== null) this.#enqueue(event.at, line);
  }

  /** Call about every second. */
  tick(state: Snapshot): void {
    this.#flushUntil(state.now - orderMs);
    if (this.#screen !== null) {
      this.#screen.show(state);
    } else if (state.now - this.#lastPlainAt >= plainEveryMs) {
      this.#lastPlainAt = state.now;
      this.#enqueue(state.now, statusLine(state));
    }
  }

  #enqueue(at: number, text: string): void {
    const later = this.#pending.findIndex((line) => line.at > at);
    this.#pending.splice(later === -1 ? this.#pending.length : later, 0, { at, text: `${clockTime(at)}  ${text}` });
  }

  #flushUntil(at: number): void {
    while (this.#pending[0] !== undefined && this.#pending[0].at <= at) this.#emit(this.#pending.shift()?.text ?? '');
  }

  #emit(text: string): void {
    if (this.#screen === null) {
      this.#write(text);
      return;
    }
    this.#hidden.push(text);
    if (this.#hidden.length > maxHidden) this.#hidden.shift();
  }

  #write(text: string): void {
    this.#output.write(`${text}\n`);
  }
}
