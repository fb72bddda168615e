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
    if (!('faultId' in event) || event.faultId === undefined) return;
    const fault = this.#faults.get(event.faultId);
    const step = stepOf(event, fault);
    if (step === null) return;
    const level = event.type === 'fault_reverted' && !event.verified ? 'error' : 'info';
    this.#logger[level]({ fault: event.faultId, kind: fault?.kind, target: fault?.target, ...step.fields }, step.text);
  }

  #learn(fault: PlannedFault): void {
    this.#faults.set(fault.id, fault);
    const [oldest = ''] = this.#faults.keys();
    if (this.#faults.size > maxFaults) this.#faults.delete(oldest);
  }
}

function stepOf(event: EncoreEvent, fault: PlannedFault | undefined): { text: string; fields: object } | null {
  switch (event.type) {
    case 'fault_injected': {
      const { durationSeconds = 0, noop = false } = fault ?? {};
      return { text: 'fault injected', fields: { params: event.params, durationSeconds, noop } };
    }
    case 'fault_effect_checked': {
      const { effect, evidence } = event;
      return { text: 'effect of a fault checked', fields: { effect, evidence } };
    }
    case 'fault_reverted': {
      const { cause, verified, evidence } = event;
      const text = verified ? 'fault reverted' : 'revert of a fault not verified, will be retried';
      return { text, fields: { cause, verified, evidence } };
    }
    case 'fault_skipped': {
      const { kind, target, reason } = event;
      return { text: 'fault skipped', fields: { kind, target, reason } };
    }
    default:
      return null;
  }
}
