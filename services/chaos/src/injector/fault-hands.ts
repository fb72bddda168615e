/** The five steps of a fault, each with its own deadline; what is held and for how long is the keeper's matter. */
import type { Bit, PlannedFault } from '@encore/contracts';
import { describeError, EncoreError } from '@encore/kit';
import { kindTiming } from '@encore/plan';
import { type EngineEvent, label } from './engine.ts';
import type { Deed, FaultSpec, FaultTools, Saved, Undone } from './faults/fault-spec.ts';
import { isLink } from './links.ts';
import type { InjectorMetrics } from './metrics.ts';
import type { Recorder } from './recorder.ts';

/** A signal that ends a wait after so long; never a signal that somebody else could cancel. */
export type Deadline = (ms: number) => AbortSignal;

export interface Held extends Deed {
  spec: FaultSpec;
  injectedAt: number;
  /** An undo that could not be verified is tried again by the healer. */
  undoFailed: boolean;
  /** The effect check saw it, so its state can be read back. */
  confirmed: boolean;
}

/** Something else ended a fault before its revert: `external` when neither the lab nor the target itself did. */
export interface EarlyEnd {
  cause: 'external' | 'healed';
  evidence: string;
  atMs: number;
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
const readBackMs = 3_000;

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
    held.confirmed = bite.bit === 'yes';
    metrics.bit(held.fault, bite.bit);
    await recorder.tell({ type: 'fault_bit', faultId: held.fault.id, ...bite });
    return bite;
  }

  /** Null while the fault's state is in place, and while nobody can tell. */
  async earlyEnd(held: Held): Promise<EarlyEnd | null> {
    const { tools, deadline } = this.#parts;
    const { spec, fault, confirmed, undoFailed } = held;
    if (spec.readBack === undefined || !confirmed || undoFailed || fault.inert === true) return null;
    try {
      const { inPlace, evidence } = await spec.readBack(tools, held, deadline(readBackMs));
      if (inPlace) return null;
      const by = endedBy(tools, held);
      return by === null ? null : { ...by, evidence: `${by.evidence}; before the revert ${evidence}` };
    } catch {
      // An engine or a Toxiproxy that does not answer says nothing of the fault.
      return null;
    }
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

/**
 * Who ended it: the lab (a start by the supervisor or by another fault's revert, a proxy that came up empty), the target itself (its
 * policy, an end under a limit), or something else. Null while a start is not attributed yet.
 */
function endedBy({ watch, starts, clock }: FaultTools, { fault, saved, mark, injectedAt }: Held): EarlyEnd | null {
  const { containerId } = saved;
  const ofTarget = ({ containerId: id, attributes }: EngineEvent): boolean =>
    isLink(fault.target) ? attributes[label.target] === 'toxiproxy' : id === containerId;
  // What the act itself caused is not later than the injection.
  const later = (...actions: string[]): EngineEvent | null =>
    watch.last(mark, (event) => ofTarget(event) && actions.includes(event.action) && event.atMs > injectedAt);
  const started = later('start');
  if (isLink(fault.target)) {
    if (later('start', 'die') !== null)
      return { cause: 'healed', evidence: 'Toxiproxy was restarted', atMs: clock.now() };
    return { cause: 'external', evidence: 'somebody else changed the proxy', atMs: clock.now() };
  }
  if (started !== null) {
    const last = starts.last(started.containerId);
    if (last === undefined || last.at < started.atMs) return null;
    if (last.actor === 'foreign')
      return { cause: 'external', evidence: 'somebody else started the target', atMs: started.atMs };
    return { cause: 'healed', evidence: `the target was started by ${last.actor}`, atMs: started.atMs };
  }
  const died = later('die', 'oom');
  if (died !== null) return { cause: 'healed', evidence: 'the target ended under it', atMs: died.atMs };
  const changed = later('unpause', 'update');
  return { cause: 'external', evidence: 'something else ended it', atMs: changed?.atMs ?? clock.now() };
}

/** Refused and unsupported are answers about the fault; anything else is a failure of the injector. */
export function refusalOf(error: unknown): Bit | null {
  if (!(error instanceof EncoreError)) return null;
  // A target lists what can be done to it here; the rest is a matter of the lab, like an engine that cannot.
  if (error.code === 'ENGINE_UNSUPPORTED' || error.code === 'NOT_CONSENTED') return 'unsupported';
  return error.code === 'ENGINE_REFUSED' ? 'refused' : null;
}
