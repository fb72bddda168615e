/** The right to use the lab: one run at a time, as long as its orchestrator renews it. */
import type { RunLeaseRequest } from '@encore/contracts';
import { type Clock, EncoreError } from '@encore/kit';
import type { Journal } from './journal.ts';

export class RunLease {
  readonly #journal: Journal;
  readonly #clock: Clock;
  #held: (RunLeaseRequest & { endsAt: number }) | null;

  constructor(journal: Journal, clock: Clock) {
    this.#journal = journal;
    this.#clock = clock;
    // The orchestrator does not know that the injector restarted, so it gets the full time for its
    // next renewal.
    this.#held = journal.run ? { ...journal.run, endsAt: clock.now() + journal.run.ttlMs } : null;
  }

  get runId(): string | null {
    return this.#held?.runId ?? null;
  }

  get expired(): boolean {
    return this.#held !== null && this.#clock.now() > this.#held.endsAt;
  }

  /** Throws RUN_HELD. Returns true when this run did not have the lease before. */
  claim(request: RunLeaseRequest): boolean {
    if (this.#held && !this.expired && this.#held.runId !== request.runId)
      throw new EncoreError('RUN_HELD', `the lab is held by ${this.#held.holder} for run ${this.#held.runId}`, {
        status: 409,
        definite: true,
      });
    const isNew = this.#held?.runId !== request.runId;
    this.#held = { ...request, endsAt: this.#clock.now() + request.ttlMs };
    return isNew;
  }

  /** Throws RUN_OVER unless the run has the lease. */
  require(runId: string): void {
    if (this.#held?.runId !== runId || this.expired)
      throw new EncoreError('RUN_OVER', `run ${runId} does not have the lab's lease`, { status: 410, definite: true });
  }

  renew(runId: string): void {
    this.require(runId);
    if (this.#held) this.#held.endsAt = this.#clock.now() + this.#held.ttlMs;
  }

  async end(): Promise<void> {
    const runId = this.#held?.runId;
    this.#held = null;
    if (runId !== undefined) await this.#journal.write({ line: 'run_over', at: this.#clock.now(), runId });
  }
}
