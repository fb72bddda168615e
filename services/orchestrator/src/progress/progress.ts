/**
 * What a person sees while the run goes on. With a monitor, its screen; on a terminal without one, a block that is drawn
 * anew each second under the lines of what happened; elsewhere plain lines, one every ten seconds and one for each thing
 * that happened, in the order of their times.
 */
import type { EncoreEvent } from '@encore/contracts';
import { eventLine } from './event-line.ts';
import type { Snapshot } from './run-view.ts';
import { statusLine, statusLines } from './status-lines.ts';

export interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
}

/** A screen of its own, which hides the lines while it is there. */
export interface Screen {
  show(state: Snapshot): void;
  close(): Promise<void>;
}

const plainEveryMs = 10_000;
/** Services are asked every 500 ms, each for itself, so what they tell arrives out of order by up to so much. */
const orderMs = 1_000;
/** Lines that came while a screen was there and are told when it is gone. */
const maxHeld = 40;

export class Progress {
  readonly #output: Output;
  readonly #isLive: boolean;
  #screen: Screen | null = null;
  #held: string[] = [];
  /** Lines with the time that stands before them, in its order, until nothing earlier can come. */
  #waiting: { at: number; text: string }[] = [];
  #drawn = 0;
  #lastPlainAt = Number.NEGATIVE_INFINITY;

  constructor(output: Output, wantsLive: boolean) {
    this.#output = output;
    this.#isLive = wantsLive && output.isTTY === true;
  }

  open(screen: Screen): void {
    this.#screen = screen;
  }

  /** Back to lines. */
  async closeScreen(): Promise<void> {
    const screen = this.#screen;
    if (screen === null) return;
    this.#screen = null;
    await screen.close();
    for (const line of this.#held) this.#write(line);
    this.#held = [];
  }

  /** At once, after everything that waits. */
  say(text: string): void {
    this.#tellUntil(Number.POSITIVE_INFINITY);
    this.#tell(text);
  }

  event(event: EncoreEvent): void {
    const line = eventLine(event);
    if (line !== null) this.#wait(event.at, line);
  }

  /** To be called about every second. */
  tick(state: Snapshot): void {
    this.#tellUntil(state.now - orderMs);
    if (this.#screen !== null) {
      this.#screen.show(state);
    } else if (this.#isLive) {
      this.#erase();
      const lines = ['', ...statusLines(state)];
      this.#output.write(`${lines.join('\n')}\n`);
      this.#drawn = lines.length;
    } else if (state.now - this.#lastPlainAt >= plainEveryMs) {
      this.#lastPlainAt = state.now;
      this.#wait(state.now, statusLine(state));
    }
  }

  #wait(at: number, text: string): void {
    const later = this.#waiting.findIndex((line) => line.at > at);
    this.#waiting.splice(later === -1 ? this.#waiting.length : later, 0, { at, text: `${clockTime(at)}  ${text}` });
  }

  #tellUntil(at: number): void {
    while (this.#waiting[0] !== undefined && this.#waiting[0].at <= at) this.#tell(this.#waiting.shift()?.text ?? '');
  }

  #tell(text: string): void {
    if (this.#screen === null) {
      this.#write(text);
      return;
    }
    this.#held.push(text);
    if (this.#held.length > maxHeld) this.#held.shift();
  }

  #write(text: string): void {
    this.#erase();
    this.#output.write(`${text}\n`);
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
