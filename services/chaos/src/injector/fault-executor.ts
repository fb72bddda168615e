/** Runs each step of a fault under its own timeout. FaultLifecycle decides when. */
import type { Effect, PlannedFault } from '@encore/contracts';
import { describeError, EncoreError } from '@encore/kit';
import { type EarlyEnd, endedBy } from './early-end.ts';
import type { EffectCheck, FaultFunctions, RevertCheck, SavedBase } from './fault-functions.ts';
import type { RegisteredFault } from './fault-registry.ts';
import { eventOf } from './faults/container-target.ts';
import type { InjectorContext } from './injector-context.ts';

type Dependencies = Pick<InjectorContext, 'tools' | 'recorder' | 'metrics' | 'deadline'>;

const prepareMs = 3_000;
const injectMs = 25_000;
const eventMs = 1_000;
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
    const { containerId } = active.saved;
    const { actions } = active.behaviour;
    if (containerId !== null && (actions === 'any' || actions.includes('kill')))
      tools.starts.ownStops.expect(containerId);
    const signal = deadline(injectMs);
    const { engineAction } = await active.functions.inject(tools, active, signal);
    if (engineAction === undefined) return undefined;
    return (await eventOf(tools, active, engineAction, eventMs, signal))?.atMs;
  }

  async checkEffect(active: RegisteredFault): Promise<EffectCheck> {
    const { tools, recorder, deadline, metrics } = this.#dependencies;
    let check: EffectCheck;
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
      // An unreachable engine or Toxiproxy is not evidence about the fault.
      return null;
    }
  }

  /** Never throws: one failed revert must not block the others. */
  async revert(active: RegisteredFault): Promise<RevertCheck> {
    const { tools, deadline } = this.#dependencies;
    try {
      const signal = deadline(revertMs);
      // A no-op fault did nothing and an instant one is over; both are verified all the same.
      if (active.fault.noop !== true) await active.functions.revert(tools, active, signal);
      return await active.functions.verifyReverted(tools, active, signal);
    } catch (error) {
      return { verified: false, evidence: `the revert failed: ${describeError(error)}` };
    }
  }
}

/**
 * Maps refused and unsupported errors; null for any other error, which is a failure of the
 * injector.
 */
export function refusalOf(error: unknown): Effect | null {
  if (!(error instanceof EncoreError)) return null;
  // KIND_NOT_ALLOWED: the system description excludes the kind, like an engine that does not
  // support it.
  if (error.code === 'ENGINE_UNSUPPORTED' || error.code === 'KIND_NOT_ALLOWED') return 'unsupported';
  return error.code === 'ENGINE_REFUSED' ? 'refused' : null;
}
