/** Everything that the guard tells: to the journal first, where it must survive, then to whoever asks. */
import type { EncoreEvent } from '@encore/contracts';
import { type Clock, EventLog } from '@encore/kit';
import type { Journal } from './journal.ts';

/** Like an Omit that keeps the union a union. */
type Untimed<Event> = Event extends EncoreEvent ? Omit<Event, 'at'> : never;
export type GuardEvent = Untimed<EncoreEvent>;

export class Recorder {
  readonly log = new EventLog();
  readonly #journal: Journal;
  readonly #clock: Clock;

  constructor(journal: Journal, clock: Clock) {
    this.#journal = journal;
    this.#clock = clock;
    for (const event of journal.events) this.log.add(event);
  }

  /** Resolves once the event is on disk. */
  async tell(event: GuardEvent, atMs = this.#clock.now()): Promise<void> {
    const timed = { ...event, at: atMs } as EncoreEvent;
    await this.#journal.write({ line: 'event', event: timed });
    this.log.add(timed);
  }

  /** For samples, of which a few may be lost. */
  mention(event: GuardEvent): void {
    this.log.add({ ...event, at: this.#clock.now() } as EncoreEvent);
  }
}
