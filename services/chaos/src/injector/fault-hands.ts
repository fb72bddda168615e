/** The five steps of a fault, each with its own deadline; what is held and for how long is the keeper's matter. */
import type { Bit, PlannedFault } from '@encore/contracts';
import { describeError, EncoreError } from '@encore/kit';
import { kindTiming } from '@encore/plan';
import type { Deed, FaultSpec, FaultTools, Saved, Undone } from './faults/fault-spec.ts';
import type { InjectorMetrics } from './metrics.ts';
import type { Recorder } from './recorder.ts';

/** A signal that ends a wait after so long; never a signal that somebody else could cancel. */
export type Deadline = (ms: number) => AbortSignal;

export interface Held extends Deed {
  spec: FaultSpec;
  injectedAt: number;
  /** An undo that could not be verified is tried again by the healer. */
  undoFailed: boolean;
}

interface Parts {
  tools: FaultTools;
  recorder: Recorder;
  metrics: InjectorMetrics;
  deadline: Deadline;
}

const prepareMs = 3_000;
const actMs = 25_000;
const undoMs = 15_000;

export class FaultHands {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  prepare(fault: PlannedFault, spec: FaultSpec): Promise<Saved> {
    return spec.prepare(this.#parts.tools, fault, this.#parts.deadline(prepareMs));
  }

  /** The engine's own time of the act, where it told one. An inert fault does everything but this. */
  async act(held: Held): Promise<number | undefined> {
    if (held.fault.inert === true) return undefined;
    return (await held.spec.act(this.#parts.tools, held, this.#parts.deadline(actMs))).engineAtMs;
  }

  async bite(held: Held): Promise<{ bit: Bit; evidence: string }> {
    const { tools, recorder, deadline, metrics } = this.#parts;
    let bite: { bit: Bit; evidence: string };
    try {
      bite = await held.spec.bite(tools, held, deadline(kindTiming[held.fault.kind].biteSeconds * 1_000));
    } catch (error) {
      bite = { bit: 'no', evidence: `the bite check failed: ${describeError(error)}` };
    }
    metrics.bit(held.fault, bite.bit);
    await recorder.tell({ type: 'fault_bit', faultId: held.fault.id, ...bite });
    return bite;
  }

  /** Never throws: one failed undo must not stop the others. */
  async undo(held: Held): Promise<Undone> {
    const { tools, deadline } = this.#parts;
    try {
      const signal = deadline(undoMs);
      // An inert fault did nothing, and an instant one is over before it began; both are verified all the same.
      if (held.fault.inert !== true) await held.spec.undo(tools, held, signal);
      return await held.spec.verify(tools, held, signal);
    } catch (error) {
      return { verified: false, evidence: `the undo failed: ${describeError(error)}` };
    }
  }
}

/** Refused and unsupported are answers about the fault; anything else is a failure of the injector. */
export function refusalOf(error: unknown): Bit | null {
  if (!(error instanceof EncoreError)) return null;
  // A target lists what can be done to it here; the rest is a matter of the lab, like an engine that cannot.
  if (error.code === 'ENGINE_UNSUPPORTED' || error.code === 'NOT_CONSENTED') return 'unsupported';
  return error.code === 'ENGINE_REFUSED' ? 'refused' : null;
}
