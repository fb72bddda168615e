/**
 * Records the service's events: to the journal if they must survive, then to the log behind `GET
 * /events`.
 */
import type { EncoreEvent } from '@encore/contracts';
import { type Clock, EncoreError, EventLog } from '@encore/kit';
import type { Journal } from './journal.ts';

/** `Omit` that distributes over a union. */
type Untimed<Event> = Event extends EncoreEvent ? Omit<Event, 'at'> : never;
export type InjectorEvent = Untimed<EncoreEvent>;

export class Recorder {
  readonly log = new EventLog();
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #onEvent: (event: EncoreEvent) => void;
  /** False from a failed write to the next one that succeeds. */
  #isDurable = true;

  /** `onEvent` receives each new event, but none that the journal already contains. */
  constructor(journal: Journal, clock: Clock, onEvent: (event: EncoreEvent) => void = () => {}) {
    this.#journal = journal;
    this.#clock = clock;
    this.#onEvent = onEvent;
    for (const event of journal.events) this.log.add(event);
  }

  /**
   * Resolves once the event is on disk. While the journal cannot be written, the event is only in
   * memory, and the history records why: no fault is injected then, but active ones end as planned,
   * and what the engine reports still counts.
   */
  async record(event: InjectorEvent, atMs = this.#clock.now()): Promise<void> {
    const timed = { ...event, at: atMs } as EncoreEvent;
    try {
      await this.#journal.write({ line: 'event', event: timed });
      this.#isDurable = true;
    } catch (error) {
      if (!(error instanceof EncoreError && error.code === 'JOURNAL_UNWRITABLE')) throw error;
      this.#unwritable(error.message);
    }
    this.publish(timed);
  }

  /** For an event that the caller has written to the journal as part of another line. */
  publish(event: EncoreEvent): void {
    this.log.add(event);
    this.#onEvent(event);
  }

  /**
   * For events that may be lost with this process: samples, and what the scheduler records again
   * after a restart.
   */
  recordVolatile(event: InjectorEvent): void {
    this.publish({ ...event, at: this.#clock.now() } as EncoreEvent);
  }

  /** Once until the next successful write. */
  #unwritable(reason: string): void {
    if (!this.#isDurable) return;
    this.#isDurable = false;
    const at = this.#clock.now();
    this.recordVolatile({ type: 'injector_failed', reason, fromAt: at, toAt: at });
  }
}
