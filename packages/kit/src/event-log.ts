/**
 * Keeps a service's events in order and serves them in pages. The orchestrator requests the events
 * after the last number that it has stored, so older events are deleted: the log stays short while
 * it is read, and bounded while it is not. A new instance id means that the numbers restart at 1.
 */
import { randomUUID } from 'node:crypto';
import type { EncoreEvent, EventPage } from '@encore/contracts';

const pageSize = 5_000;

export class EventLog {
  readonly instanceId = randomUUID();
  readonly #capacity: number;
  #events: { seq: number; event: EncoreEvent }[] = [];
  #lastSeq = 0;
  /** The highest number that a reader acknowledged. */
  #read = 0;
  /** The highest number that was dropped before it was read. */
  #dropped = 0;

  constructor(capacity = 50_000) {
    this.#capacity = capacity;
  }

  add(event: EncoreEvent): void {
    this.#lastSeq += 1;
    this.#events.push({ seq: this.#lastSeq, event });
    // Dropping events in blocks amortizes the cost of splice.
    if (this.#events.length <= this.#capacity * 1.1) return;
    this.#events.splice(0, this.#events.length - this.#capacity);
    this.#dropped = this.#firstSeq - 1;
  }

  /**
   * Returns the events after number `after` of the instance `instanceId`. A reader with no instance
   * id, or another one, starts at the first unread event. The `after` of the page is larger than
   * requested if events were dropped or read by another client.
   */
  page(instanceId: string | undefined, after: number): EventPage {
    const known = instanceId === this.instanceId;
    const from = known ? Math.min(Math.max(0, after), this.#lastSeq) : this.#read;
    const dropped = Math.max(0, this.#dropped - Math.max(from, this.#read));
    if (known) this.#read = Math.max(this.#read, from);
    this.#events.splice(0, this.#read + 1 - this.#firstSeq);
    const start = Math.max(0, from + 1 - this.#firstSeq);
    const startsAfter = this.#firstSeq - 1 + start;
    return {
      instanceId: this.instanceId,
      after: startsAfter,
      dropped,
      events: this.#events.slice(start, start + pageSize),
    };
  }

  /** True if a reader acknowledged the last event. */
  get isRead(): boolean {
    return this.#read >= this.#lastSeq;
  }

  get #firstSeq(): number {
    return this.#lastSeq + 1 - this.#events.length;
  }
}
