/**
 * Whether more is asked than can be done: it begins with a refusal, and is over after a second in which few had to be refused. A mere pause
 * of the machine, after which all of the users ask at once, begins it too, but then there is soon enough for them again; were it to last
 * as long as there are any refusals, it would make its own, and never end.
 */
import type { Clock } from '@encore/kit';

const reviewEveryMs = 1_000;
const fewShare = 1 / 3;

export class Overload {
  readonly #clock: Clock;
  #on = false;
  #since = 0;
  #asked = 0;
  #refused = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get on(): boolean {
    if (this.#on && this.#clock.now() - this.#since >= reviewEveryMs)
      this.#begin(this.#refused > this.#asked * fewShare);
    return this.#on;
  }

  count(refused: boolean): void {
    if (refused && !this.on) this.#begin(true);
    this.#asked += 1;
    if (refused) this.#refused += 1;
  }

  #begin(on: boolean): void {
    this.#on = on;
    this.#since = this.#clock.now();
    this.#asked = 0;
    this.#refused = 0;
  }
}
