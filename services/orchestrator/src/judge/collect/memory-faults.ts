/**
 * Tracks the faults that reduce the memory of a container. While one is active, it determines the
 * container's memory use and limit: peaks do not count, and alerts name the fault.
 */
import { behaviourOf, type FaultKind } from '@encore/contracts';
import type { Collector } from '../events/collector.ts';
import { type Observation, timeOf } from '../events/time-order.ts';
import { aftermathMs } from '../faults/fault-record.ts';

export interface MemoryFault {
  faultId: string;
  kind: FaultKind;
}

export class MemoryFaults implements Collector {
  readonly #all = new Map<string, MemoryFault & { container: string; endsAt: number }>();

  add(event: Observation): void {
    if (event.type === 'fault_injected' && behaviourOf(event).reducesMemory) {
      this.#forget(timeOf(event));
      const { faultId, kind, target } = event;
      this.#all.set(faultId, { faultId, kind, container: target, endsAt: Number.POSITIVE_INFINITY });
    }
    if (event.type === 'fault_reverted') {
      const memoryFault = this.#all.get(event.faultId);
      // The container needs a moment to use memory as before.
      if (memoryFault !== undefined) memoryFault.endsAt = timeOf(event) + aftermathMs;
    }
  }

  /** The fault that reduces the memory of the container, or null. Call in time order. */
  on(container: string, at: number): MemoryFault | null {
    for (const memoryFault of this.#all.values())
      if (memoryFault.container === container && at <= memoryFault.endsAt) return memoryFault;
    return null;
  }

  #forget(now: number): void {
    for (const [id, { endsAt }] of this.#all) if (endsAt < now) this.#all.delete(id);
  }
}
