/**
 * Which fault takes memory away from a container at a moment. What it uses then, and what it may use, are not its own: no
 * peak counts against it, and an alert names the fault.
 */
import type { FaultKind } from '@encore/contracts';
import { settlingMs } from './fault-record.ts';
import { containerOf, kindTraits } from './kind-traits.ts';
import type { Observation } from './time-order.ts';
import { timeOf } from './time-order.ts';

export interface Squeeze {
  faultId: string;
  kind: FaultKind;
}

export class MemorySqueezes {
  readonly #all = new Map<string, Squeeze & { container: string; endsAt: number }>();

  add(event: Observation): void {
    if (event.type === 'fault_injected' && kindTraits[event.kind].risksDeath === true) {
      this.#forget(timeOf(event));
      const { faultId, kind, target } = event;
      this.#all.set(faultId, { faultId, kind, container: containerOf[target], endsAt: Number.POSITIVE_INFINITY });
    }
    if (event.type === 'fault_undone') {
      const squeeze = this.#all.get(event.faultId);
      // What was taken is given back, and what the container gave up for it comes back, within a moment.
      if (squeeze !== undefined) squeeze.endsAt = timeOf(event) + settlingMs;
    }
  }

  /** Ask in the order of time. */
  on(container: string, at: number): Squeeze | null {
    for (const squeeze of this.#all.values())
      if (squeeze.container === container && at <= squeeze.endsAt) return squeeze;
    return null;
  }

  #forget(now: number): void {
    for (const [id, { endsAt }] of this.#all) if (endsAt < now) this.#all.delete(id);
  }
}
