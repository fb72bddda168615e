/**
 * A service's events in order, handed out by page. The orchestrator asks for what came after the last number it saw; a new boot id
 * tells it that the numbering began anew. It asks again only when its history holds what it got, so what lies before the number it names
 * is forgotten: the log is short while somebody reads it, and bounded while nobody does.
 */
import { randomUUID } from 'node:crypto';
import type { EncoreEvent, EventPage } from '@encore/contracts';

const pageSize = 5_000;

export class EventLog {
  readonly boot = randomUUID();
  readonly #capacity: number;
  #events: { seq: number; event: EncoreEvent }[] = [];
  #lastSeq = 0;
  /** The last number that a reader named. */
  #read = 0;
  /** The last number that was dropped because nobody had read it in time. */
  #dropped = 0;

  constructor(capacity = 50_000) {
    this.#capacity = capacity;
  }

  add(event: EncoreEvent): void {
    this.#lastSeq += 1;
    this.#events.push({ seq: this.#lastSeq, event });
    // Dropping in blocks keeps this cheap.
    if (this.#events.length <= this.#capacity * 1.1) return;
    this.#events.splice(0, this.#events.length - this.#capacity);
    this.#dropped = this.#firstSeq - 1;
  }

  /**
   * Events after number `after` of boot `boot`. A reader that knows no or another boot starts from what nobody has read. The page
   * states the number after which it starts, which is larger than `after` where events were dropped or read by another.
   */
  page(boot: string | undefined, after: number): EventPage {
    const known = boot === this.boot;
    const from = known ? Math.min(Math.max(0, after), this.#lastSeq) : this.#read;
    const dropped = Math.max(0, this.#dropped - Math.max(from, this.#read));
    if (known) this.#read = Math.max(this.#read, from);
    this.#events.splice(0, this.#read + 1 - this.#firstSeq);
    const start = Math.max(0, from + 1 - this.#firstSeq);
    const startsAfter = this.#firstSeq - 1 + start;
    return { boot: this.boot, after: startsAfter, dropped, events: this.#events.slice(start, start + pageSize) };
  }

  /** A reader has named the last event, so it has all of them. */
  get isRead(): boolean {
    return this.#read >= this.#lastSeq;
  }

  get #firstSeq(): number {
    return this.#lastSeq + 1 - this.#events.length;
  }
}
