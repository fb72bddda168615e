/**
 * What a person sees on stdout while the run goes on: on a terminal a block that is drawn anew each second under the
 * lines of what happened; elsewhere plain lines, one every ten seconds and one for each thing that happened.
 */
import type { EncoreEvent } from '@encore/contracts';
import { eventLine } from './event-line.ts';
import type { Snapshot } from './run-view.ts';
import { statusLine, statusLines } from './status-lines.ts';

export interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
}

const plainEveryMs = 10_000;

export class Progress {
  readonly #output: Output;
  readonly #isLive: boolean;
  #drawn = 0;
  #lastPlainAt = Number.NEGATIVE_INFINITY;

  constructor(output: Output, wantsLive: boolean) {
    this.#output = output;
    this.#isLive = wantsLive && output.isTTY === true;
  }

  say(text: string): void {
    this.#erase();
    this.#output.write(`${text}\n`);
  }

  event(event: EncoreEvent): void {
    const line = eventLine(event);
    if (line !== null) this.say(`${clockTime(event.at)}  ${line}`);
  }

  /** To be called about every second. */
  tick(state: Snapshot): void {
    if (this.#isLive) {
      this.#erase();
      const lines = ['', ...statusLines(state)];
      this.#output.write(`${lines.join('\n')}\n`);
      this.#drawn = lines.length;
      return;
    }
    if (state.now - this.#lastPlainAt < plainEveryMs) return;
    this.#lastPlainAt = state.now;
    this.say(`${clockTime(state.now)}  ${statusLine(state)}`);
  }

  /** Leaves the last block as it stands. */
  end(): void {
    this.#drawn = 0;
  }

  #erase(): void {
    if (this.#drawn === 0) return;
    this.#output.write(`\x1b[${this.#drawn}A\x1b[J`);
    this.#drawn = 0;
  }
}

function clockTime(at: number): string {
  return new Date(at).toTimeString().slice(0, 8);
}
