/** Logs each step of a fault as one line, for readers of `docker compose logs chaos`. */
import type { EncoreEvent, PlannedFault } from '@encore/contracts';
import type { Logger } from '@encore/kit';

/** More than can be active; the oldest are forgotten. */
const maxFaults = 1_000;

export class FaultLog {
  readonly #logger: Logger;
  readonly #faults = new Map<string, PlannedFault>();

  /** `faults`: those of the journal, which an earlier process may have left active. */
  constructor(logger: Logger, faults: readonly PlannedFault[]) {
    this.#logger = logger;
    for (const fault of faults) this.#learn(fault);
  }

  add(event: EncoreEvent): void {
    if (event.type === 'fault_intended') this.#learn(event.fault);
    const text = texts[event.type];
    if (text === undefined || !('faultId' in event) || event.faultId === undefined) return;
    const { type: _type, at: _at, faultId, ...step } = event;
    const { kind, target, durationSeconds, noop } = this.#faults.get(faultId) ?? {};
    const planned = event.type === 'fault_injected' ? { durationSeconds, noop: noop === true } : {};
    const fields = { fault: faultId, kind, target, ...step, ...planned };
    if (event.type !== 'fault_reverted' || event.verified) this.#logger.info(fields, text);
    else this.#logger.error(fields, 'revert of a fault not verified, will be retried');
  }

  #learn(fault: PlannedFault): void {
    this.#faults.set(fault.id, fault);
    const [oldest = ''] = this.#faults.keys();
    if (this.#faults.size > maxFaults) this.#faults.delete(oldest);
  }
}

const texts: Partial<Record<EncoreEvent['type'], string>> = {
  fault_injected: 'fault injected',
  fault_effect_checked: 'effect of a fault checked',
  fault_reverted: 'fault reverted',
  fault_skipped: 'fault skipped',
};
