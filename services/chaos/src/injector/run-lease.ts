/** The right to use the lab: one run at a time, as long as its orchestrator renews it. */
import type { OpenFault, RevertAnswer, RevertCause, RunLeaseRequest } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import type { InjectorContext } from './injector-context.ts';

interface Dependencies extends Pick<InjectorContext, 'journal' | 'registry' | 'lock' | 'clock' | 'logger'> {
  revertAll: (cause: Extract<RevertCause, 'reconciled' | 'released' | 'lease_ended'>) => Promise<RevertAnswer>;
}

/** Key of the lock for granting and ending the lease; no target has this name. */
const leaseKey = ' run lease';

export class RunLease {
  readonly #dependencies: Dependencies;
  #held: (RunLeaseRequest & { endsAt: number; isEnding: boolean }) | null;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    const { journal, clock } = dependencies;
    // The orchestrator does not know that the injector restarted, so it gets the full time for its
    // next renewal.
    this.#held = journal.run ? { ...journal.run, endsAt: clock.now() + journal.run.ttlMs, isEnding: false } : null;
  }

  get runId(): string | null {
    return this.#held?.runId ?? null;
  }

  get #isExpired(): boolean {
    return this.#held !== null && this.#dependencies.clock.now() > this.#held.endsAt;
  }

  /**
   * Throws RUN_HELD while another run has the lease, and FAULT_ACTIVE while a fault of a previous
   * run could not be reverted.
   */
  claim(request: RunLeaseRequest): Promise<void> {
    const { journal, registry, lock, clock, revertAll } = this.#dependencies;
    return lock.run(leaseKey, async () => {
      const { runId, ttlMs } = request;
      if (this.#held !== null && this.#held.runId !== runId && !this.#isExpired)
        throw new EncoreError('RUN_HELD', `run ${this.#held.runId} is using the lab; wait until it ends, or stop it`);
      if (this.#held?.runId !== runId) {
        const { failed } = await revertAll('reconciled');
        const [left] = registry.open;
        if (left !== undefined) throw stillActive(left, failed);
        await journal.beginRun(runId, ttlMs, clock.now());
        registry.forget();
      }
      this.#held = { ...request, endsAt: clock.now() + ttlMs, isEnding: false };
    });
  }

  renew(runId: string): void {
    this.require(runId);
    if (this.#held) this.#held.endsAt = this.#dependencies.clock.now() + this.#held.ttlMs;
  }

  /** Throws RUN_OVER unless the run has the lease. */
  require(runId: string): void {
    if (this.#held?.runId !== runId || this.#isExpired)
      throw new EncoreError('RUN_OVER', `run ${runId} does not have the lab's lease`);
  }

  /** Throws RUN_OVER unless the run has the lease and may still inject faults. */
  requireOpen(runId: string): void {
    this.require(runId);
    if (this.#held?.isEnding === true)
      throw new EncoreError('RUN_OVER', `run ${runId} is ending, so it injects no more faults`);
  }

  /** From now on no fault is injected; the lease itself lasts until its end. */
  beginEnd(): void {
    if (this.#held) this.#held.isEnding = true;
  }

  /** Reverts everything, then gives the lease back. */
  end(runId: string): Promise<void> {
    const { lock, revertAll } = this.#dependencies;
    return lock.run(leaseKey, async () => {
      this.require(runId);
      this.beginEnd();
      await revertAll('released');
      await this.#giveBack();
    });
  }

  async endIfExpired(): Promise<void> {
    const { lock, logger, revertAll } = this.#dependencies;
    if (!this.#isExpired) return;
    await lock.run(leaseKey, async () => {
      // The run may have taken the lease again while this waited.
      if (!this.#isExpired) return;
      logger.warn({ run: this.runId }, 'the run lease ended; reverting everything');
      await revertAll('lease_ended');
      await this.#giveBack();
    });
  }

  async #giveBack(): Promise<void> {
    const { runId } = this;
    this.#held = null;
    const { journal, clock } = this.#dependencies;
    if (runId !== null) await journal.write({ line: 'run_over', at: clock.now(), runId });
  }
}

function stillActive({ fault }: OpenFault, failed: readonly string[]): EncoreError {
  const reasons = failed.join('; ') || 'its revert is being retried';
  return new EncoreError(
    'FAULT_ACTIVE',
    `${fault.id} (${fault.kind} on ${fault.target}) of the previous run is still active: ${reasons}. Fix the cause and run encore revert, then start the run again`,
  );
}
