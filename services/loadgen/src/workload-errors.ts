/**
 * Turns failures of the workload into events: at most one per second for each place and kind, so
 * that a workload that always throws does not fill the history.
 */
import type { EncoreEvent, EventOf } from '@encore/contracts';
import type { Clock, Logger } from '@encore/kit';
import type { WorkloadFailure } from './worker/messages.ts';

/** Kinds of failure in one second; further ones are dropped. */
const maxKinds = 20;

export class WorkloadErrors {
  readonly #clock: Clock;
  readonly #add: (event: EncoreEvent) => void;
  readonly #logger: Logger;
  readonly #pending = new Map<string, EventOf<'workload_failed'>>();
  readonly #logged = new Set<string>();

  constructor(clock: Clock, add: (event: EncoreEvent) => void, logger: Logger) {
    this.#clock = clock;
    this.#add = add;
    this.#logger = logger;
  }

  add(failure: WorkloadFailure): void {
    const { where, problem, location, fromAt, toAt } = failure;
    const kind = `${where} ${location} ${problem}`;
    const pending = this.#pending.get(kind);
    if (pending !== undefined) {
      pending.repeated += 1;
      pending.fromAt = Math.min(pending.fromAt, fromAt);
      pending.toAt = Math.max(pending.toAt, toAt);
      return;
    }
    if (this.#pending.size >= maxKinds) return;
    this.#pending.set(kind, { type: 'workload_failed', at: this.#clock.now(), ...failure, repeated: 0 });
    if (this.#logged.size >= maxKinds || this.#logged.has(kind)) return;
    this.#logged.add(kind);
    this.#logger.error({ where, problem, location }, 'the workload failed');
  }

  flush(): void {
    for (const event of this.#pending.values()) this.#add(event);
    this.#pending.clear();
  }
}
