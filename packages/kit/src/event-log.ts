/**
 * A service's events in order, in bounded memory, handed out by page. The orchestrator asks for what came after the
 * last number it saw; a new boot id tells it that the numbering began anew.
 */
import { randomUUID } from 'node:crypto';
import type { EncoreEvent, EventPage } from '@encore/contracts';

const pageSize = 5_000;

export class EventLog {
  readonly boot = randomUUID();
  readonly #capacity: number;
  #events: { seq: number; event: EncoreEvent }[] = [];
  #lastSeq = 0;
  #lastDropped = 0;

  constructor(capacity = 50_000) {
    this.#capacity = capacity;
  }

  add(event: EncoreEvent): void {
    this.#lastSeq += 1;
    this.#events.push({ seq: this.#lastSeq, event });
    // Dropping in blocks keeps this cheap; what was dropped is counted and reported.
    if (this.#events.length > this.#capacity * 1.1) {
      const removed = this.#events.splice(0, this.#events.length - this.#capacity);
      this.#lastDropped = removed.at(-1)?.seq ?? this.#lastDropped;
    }
  }

  /** Events after number `after` of boot `boot`; an unknown boot starts from the beginning. */
  page(boot: string | undefined, after: number): EventPage {
    const from = boot === this.boot ? after : 0;
    const first = this.#events[0]?.seq ?? this.#lastSeq + 1;
    const start = Math.max(0, from + 1 - first);
    return {
      boot: this.boot,
      dropped: Math.max(0, this.#lastDropped - from),
      events: this.#events.slice(start, start + pageSize),
    };
  }
}
