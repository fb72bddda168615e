/** The right to use the lab: one run at a time, as long as its orchestrator renews it. */
import type { RunLeaseRequest } from '@encore/contracts';
import { type Clock, EncoreError } from '@encore/kit';
import type { Journal } from './journal.ts';

export class RunLease {
  readonly #journal: Journal;
  readonly #clock: Clock;
  #held: (RunLeaseRequest & { endsAt: number; isEnding: boolean }) | null;

  constructor(journal: Journal, clock: Clock) {
    this.#journal = journal;
    this.#clock = clock;
    // The orchestrator does not know that the injector restarted, so it gets the full time for its
    // next renewal.
    this.#held = journal.run ? { ...journal.run, endsAt: clock.now() + journal.run.ttlMs, isEnding: false } : null;
  }

  get runId(): string | null {
    return this.#held?.runId ?? null;
  }

  get expired(): boolean {
    return this.#held !== null && this.#clock.now() > this.#held.endsAt;
  }

  /** Throws RUN_HELD while another run has the lease. Returns whether this run has it. */
  isHeldBy({ runId }: RunLeaseRequest): boolean {
    if (this.#held === null || (this.expired && this.#held.runId !== runId)) return false;
    if (this.#held.runId === runId) return true;
    throw new EncoreError('RUN_HELD', `the lab is held by ${this.#held.holder} for run ${this.#held.runId}`);
  }

  /** Grants the lease, or extends it. */
  grant(request: RunLeaseRequest): void {
    this.#held = { ...request, endsAt: this.#clock.now() + request.ttlMs, isEnding: false };
  }

  /** Throws RUN_OVER unless the run has the lease. */
  require(runId: string): void {
    if (this.#held?.runId !== runId || this.expired)
      throw new EncoreError('RUN_OVER', `run ${runId} does not hold the lab's lease`);
  }

  /** Throws RUN_OVER unless the run has the lease and may still inject faults. */
  requireOpen(runId: string): void {
    this.require(runId);
    if (this.#held?.isEnding === true)
      throw new EncoreError('RUN_OVER', `run ${runId} is ending: no more faults are injected`);
  }

  renew(runId: string): void {
    this.require(runId);
    if (this.#held) this.#held.endsAt = this.#clock.now() + this.#held.ttlMs;
  }

  /** From now on no fault is injected; the lease itself lasts until `end`. */
  beginEnd(): void {
    if (this.#held) this.#held.isEnding = true;
  }

  async end(): Promise<void> {
    const runId = this.#held?.runId;
    this.#held = null;
    if (runId !== undefined) await this.#journal.write({ line: 'run_over', at: this.#clock.now(), runId });
  }
}
