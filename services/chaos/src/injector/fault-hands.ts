/** Runs each step of a fault under its own timeout. Lifetime and leases belong to FaultKeeper. */
import type { Bit, PlannedFault } from '@encore/contracts';
import { describeError, EncoreError } from '@encore/kit';
import { kindTiming } from '@encore/plan';
import { type EngineEvent, label } from './engine.ts';
import type { Deed, FaultSpec, FaultTools, Saved, Undone } from './faults/fault-spec.ts';
import { isLink } from './links.ts';
import type { InjectorMetrics } from './metrics.ts';
import type { Recorder } from './recorder.ts';

/** Returns a signal that aborts after `ms` and for no other reason. */
export type Deadline = (ms: number) => AbortSignal;

export interface Held extends Deed {
  spec: FaultSpec;
  injectedAt: number;
  /** Its revert could not be verified; the healer retries it. */
  undoFailed: boolean;
  /** The effect check confirmed it, so its state can be read back. */
  confirmed: boolean;
}

/**
 * Something else ended a fault before its revert; `external` when neither the lab nor the target
 * itself did.
 */
export interface EarlyEnd {
  cause: 'external' | 'healed';
  evidence: string;
  atMs: number;
}

interface Dependencies {
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
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  prepare(fault: PlannedFault, spec: FaultSpec): Promise<Saved> {
    return spec.prepare(this.#dependencies.tools, fault, this.#dependencies.deadline(prepareMs));
  }

  /**
   * Injects the fault; returns the engine's time of it, if reported. An inert fault skips this step
   * only.
   */
  async act(held: Held): Promise<number | undefined> {
    if (held.fault.inert === true) return undefined;
    return (await held.spec.act(this.#dependencies.tools, held, this.#dependencies.deadline(actMs))).engineAtMs;
  }

  async bite(held: Held): Promise<{ bit: Bit; evidence: string }> {
    const { tools, recorder, deadline, metrics } = this.#dependencies;
    let bite: { bit: Bit; evidence: string };
    try {
      bite = await held.spec.bite(tools, held, deadline(kindTiming[held.fault.kind].biteSeconds * 1_000));
    } catch (error) {
      bite = { bit: 'no', evidence: `the effect check failed: ${describeError(error)}` };
    }
    held.confirmed = bite.bit === 'yes';
    metrics.bit(held.fault, bite.bit);
    await recorder.record({ type: 'fault_bit', faultId: held.fault.id, ...bite });
    return bite;
  }

  /** Returns null while the fault's state is in place, or when the read-back fails. */
  async earlyEnd(held: Held): Promise<EarlyEnd | null> {
    const { tools, deadline } = this.#dependencies;
    const { spec, fault, confirmed, undoFailed } = held;
    if (spec.readBack === undefined || !confirmed || undoFailed || fault.inert === true) return null;
    try {
      const { inPlace, evidence } = await spec.readBack(tools, held, deadline(readBackMs));
      if (inPlace) return null;
      const by = endedBy(tools, held);
      return by === null ? null : { ...by, evidence: `${by.evidence}; before the revert ${evidence}` };
    } catch {
      // An unreachable engine or Toxiproxy is no evidence about the fault.
      return null;
    }
  }

  /** Never throws: one failed revert must not block the others. */
  async undo(held: Held): Promise<Undone> {
    const { tools, deadline } = this.#dependencies;
    try {
      const signal = deadline(undoMs);
      // An inert fault did nothing and an instant one is over; both are verified nevertheless.
      if (held.fault.inert !== true) await held.spec.undo(tools, held, signal);
      return await held.spec.verify(tools, held, signal);
    } catch (error) {
      return { verified: false, evidence: `the revert failed: ${describeError(error)}` };
    }
  }
}

/**
 * Attributes an early end to the lab (a start by the supervisor or by another fault's revert, a
 * proxy that came up empty), the target itself (its restart policy, a kill under a limit), or
 * something external. Null while a start is not attributed yet.
 */
function endedBy({ watch, starts, clock }: FaultTools, { fault, saved, mark, injectedAt }: Held): EarlyEnd | null {
  const { containerId } = saved;
  const ofTarget = ({ containerId: id, attributes }: EngineEvent): boolean =>
    isLink(fault.target) ? attributes[label.target] === 'toxiproxy' : id === containerId;
  // Ignore what the injection itself caused.
  const later = (...actions: string[]): EngineEvent | null =>
    watch.last(mark, (event) => ofTarget(event) && actions.includes(event.action) && event.atMs > injectedAt);
  const started = later('start');
  if (isLink(fault.target)) {
    if (later('start', 'die') !== null)
      return { cause: 'healed', evidence: 'Toxiproxy was restarted', atMs: clock.now() };
    return { cause: 'external', evidence: 'something outside the lab changed the proxy', atMs: clock.now() };
  }
  if (started !== null) {
    const last = starts.last(started.containerId);
    if (last === undefined || last.at < started.atMs) return null;
    if (last.actor === 'foreign')
      return { cause: 'external', evidence: 'something outside the lab started the target', atMs: started.atMs };
    return { cause: 'healed', evidence: `the target was started by ${last.actor}`, atMs: started.atMs };
  }
  const died = later('die', 'oom');
  if (died !== null) return { cause: 'healed', evidence: 'the target ended while it was active', atMs: died.atMs };
  const changed = later('unpause', 'update');
  return { cause: 'external', evidence: 'something else ended it', atMs: changed?.atMs ?? clock.now() };
}

/**
 * Maps refused and unsupported errors; null for any other error, which is a failure of the
 * injector.
 */
export function refusalOf(error: unknown): Bit | null {
  if (!(error instanceof EncoreError)) return null;
  // NOT_CONSENTED: the target's labels exclude the kind here, like an engine that cannot do it.
  if (error.code === 'ENGINE_UNSUPPORTED' || error.code === 'NOT_CONSENTED') return 'unsupported';
  return error.code === 'ENGINE_REFUSED' ? 'refused' : null;
}
