/** Runs each step of a fault under its own timeout. Lifetime and leases belong to FaultRegistry. */
import type { Behaviour, Effect, PlannedFault } from '@encore/contracts';
import { describeError, EncoreError, isProxy } from '@encore/kit';
import { type EngineEvent, label } from './engine.ts';
import type { ActiveFault, FaultFunctions, FaultTools, RevertCheck, SavedBase } from './fault-functions.ts';
import type { InjectorMetrics } from './metrics.ts';
import type { Recorder } from './recorder.ts';

/** Returns a signal that aborts after `ms` and for no other reason. */
export type Deadline = (ms: number) => AbortSignal;

export interface RegisteredFault extends ActiveFault {
  functions: FaultFunctions;
  behaviour: Behaviour;
  injectedAt: number;
  /**
   * `confirmed`: the effect check confirmed it, so its state can be read back. `revert-failed`: its
   * revert could not be verified; the reconciler retries it.
   */
  state: 'injecting' | 'injected' | 'confirmed' | 'revert-failed';
}

/**
 * Something else ended a fault before its revert; `external` when neither the lab nor the target
 * itself did.
 */
export interface EarlyEnd {
  cause: 'external' | 'reconciled';
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
const injectMs = 25_000;
const revertMs = 15_000;
const readBackMs = 3_000;

export class FaultExecutor {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  async prepare(fault: PlannedFault, functions: FaultFunctions): Promise<SavedBase> {
    this.#dependencies.tools.targets.requireAllowed(fault.target, fault.kind);
    return functions.prepare(this.#dependencies.tools, fault, this.#dependencies.deadline(prepareMs));
  }

  /**
   * Injects the fault; returns the engine's time of it, if reported. A no-op fault skips this step
   * only.
   */
  async inject(active: RegisteredFault): Promise<number | undefined> {
    if (active.fault.noop === true) return undefined;
    const { tools, deadline } = this.#dependencies;
    const { engineAtMs, running = null } = await active.functions.inject(tools, active, deadline(injectMs));
    active.running = running;
    return engineAtMs;
  }

  async checkEffect(active: RegisteredFault): Promise<{ effect: Effect; evidence: string }> {
    const { tools, recorder, deadline, metrics } = this.#dependencies;
    let check: { effect: Effect; evidence: string };
    try {
      const signal = deadline(active.behaviour.effectCheckSeconds * 1_000);
      check = await active.functions.checkEffect(tools, active, signal);
    } catch (error) {
      check = { effect: 'absent', evidence: `the effect check failed: ${describeError(error)}` };
    }
    metrics.effect(active.fault, check.effect);
    await recorder.record({ type: 'fault_effect_checked', faultId: active.fault.id, ...check });
    return check;
  }

  /** Returns null while the fault's state is in place, or when the read-back fails. */
  async earlyEnd(active: RegisteredFault): Promise<EarlyEnd | null> {
    const { tools, deadline } = this.#dependencies;
    const { functions, fault, state } = active;
    if (functions.readBack === undefined || state !== 'confirmed' || fault.noop === true) return null;
    try {
      const { inPlace, evidence } = await functions.readBack(tools, active, deadline(readBackMs));
      if (inPlace) return null;
      const by = endedBy(tools, active);
      return by === null ? null : { ...by, evidence: `${by.evidence}; before the revert ${evidence}` };
    } catch {
      // An unreachable engine or Toxiproxy is no evidence about the fault.
      return null;
    }
  }

  /** Never throws: one failed revert must not block the others. */
  async revert(active: RegisteredFault): Promise<RevertCheck> {
    const { tools, deadline } = this.#dependencies;
    try {
      const signal = deadline(revertMs);
      // A no-op fault did nothing and an instant one is over; both are verified nevertheless.
      if (active.fault.noop !== true) await active.functions.revert(tools, active, signal);
      return await active.functions.verifyReverted(tools, active, signal);
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
function endedBy(
  { watch, starts, proxies, clock }: FaultTools,
  { fault, saved, mark, injectedAt }: RegisteredFault,
): EarlyEnd | null {
  const { containerId } = saved;
  const ofTarget = ({ containerId: id, attributes }: EngineEvent): boolean =>
    isProxy(fault.target) ? attributes[label.target] === proxies.address(fault.target).runsIn : id === containerId;
  // Ignore what the injection itself caused.
  const later = (...actions: string[]): EngineEvent | null =>
    watch.last(mark, (event) => ofTarget(event) && actions.includes(event.action) && event.atMs > injectedAt);
  const started = later('start');
  if (isProxy(fault.target)) {
    if (later('start', 'die') !== null)
      return { cause: 'reconciled', evidence: 'Toxiproxy was restarted', atMs: clock.now() };
    return { cause: 'external', evidence: 'something outside the lab changed the proxy', atMs: clock.now() };
  }
  if (started !== null) {
    const last = starts.last(started.containerId);
    if (last === undefined || last.at < started.atMs) return null;
    if (last.actor === 'external')
      return { cause: 'external', evidence: 'something outside the lab started the target', atMs: started.atMs };
    return { cause: 'reconciled', evidence: `the target was started by ${last.actor}`, atMs: started.atMs };
  }
  const died = later('die', 'oom');
  if (died !== null)
    return { cause: 'reconciled', evidence: 'the target exited while the fault was active', atMs: died.atMs };
  const changed = later('unpause', 'update');
  return { cause: 'external', evidence: 'something else ended it', atMs: changed?.atMs ?? clock.now() };
}

/**
 * Maps refused and unsupported errors; null for any other error, which is a failure of the
 * injector.
 */
export function refusalOf(error: unknown): Effect | null {
  if (!(error instanceof EncoreError)) return null;
  // KIND_NOT_ALLOWED: the system description excludes the kind, like an engine that cannot do it.
  if (error.code === 'ENGINE_UNSUPPORTED' || error.code === 'KIND_NOT_ALLOWED') return 'unsupported';
  return error.code === 'ENGINE_REFUSED' ? 'refused' : null;
}
