/**
 * The lifecycle of faults: write the intent to disk, inject, check the effect, revert, verify the
 * revert. A fault is reverted when it is released, when the run lease ends, or when this process
 * restarts after a kill.
 *
 *   injecting ── injected ── confirmed ──┐
 *       └──────────┴─────────────────────┴── (revert-failed, retried) ── closed
 *
 * Only `#close` ends a fault. Its caller must hold the target's lock and, while holding it, confirm
 * in the registry that the fault is still open: a fault may end during any `await`.
 */
import { type Effect, isInstant, type PlannedFault, paramsSchema, type RevertCause } from '@encore/contracts';
import type { ErrorCode } from '@encore/contracts/errors';
import { EncoreError, messageOf, parse } from '@encore/kit';
import { applicabilityProblem } from '@encore/plan';
import { deathOf } from './early-end.ts';
import { FaultExecutor, refusalOf } from './fault-executor.ts';
import type { RevertCheck, SavedBase } from './fault-functions.ts';
import type { RegisteredFault } from './fault-registry.ts';
import { leavesNothing } from './faults/container-target.ts';
import { functionsOf } from './faults/functions-of.ts';
import type { InjectorContext } from './injector-context.ts';

export interface InjectRequest {
  runId: string;
  fault: PlannedFault;
}

export interface InjectResult {
  /** The engine's time if it reported one, else ours. */
  injectedAt: number;
  effect: Effect;
  evidence: string;
  /**
   * True when the fault is not active: it was instant, refused, unsupported or already reverted.
   */
  over: boolean;
}

export interface RevertResult {
  revertedAt: number;
  verified: boolean;
  evidence: string;
}

interface Dependencies
  extends Pick<InjectorContext, 'registry' | 'tools' | 'journal' | 'recorder' | 'metrics' | 'lock' | 'deadline'> {
  /** Throws RUN_OVER unless faults of this run may be injected now. */
  requireRun: (runId: string) => void;
}

export class FaultLifecycle {
  readonly #dependencies: Dependencies;
  readonly #executor: FaultExecutor;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    this.#executor = new FaultExecutor(dependencies);
  }

  /**
   * Resolves after the effect check. Throws a definite error if the request is invalid, returns an
   * engine's refusal as the effect, and throws any other failure.
   */
  async inject(request: InjectRequest): Promise<InjectResult> {
    const { runId } = request;
    const fault = this.#check(request.fault);
    const { lock, tools, registry } = this.#dependencies;
    const forget = registry.know(fault);
    const injected = await lock.run(fault.target, () => this.#inject(runId, fault, forget));
    if (!('active' in injected)) return injected;
    const { active } = injected;
    // Without the lock: a release does not wait for an effect check, which may be slow.
    const check = await this.#executor.checkEffect(active);
    const checkedAt = tools.clock.now();
    if (registry.isOpen(active) && active.state === 'injected' && check.effect === 'confirmed')
      active.state = 'confirmed';
    if (isInstant(fault))
      await this.#whileOpen(active, async () => {
        // The retry of a failed revert closes it.
        if (active.state === 'revert-failed') return;
        await this.#close(active, 'instant', leavesNothing, checkedAt);
      });
    return { injectedAt: active.injectedAt, ...check, over: !registry.isOpen(active) };
  }

  /** Waits for an injection in progress, then reverts the fault unless it has ended. */
  async release(faultId: string): Promise<RevertResult> {
    const { lock, tools, registry } = this.#dependencies;
    const target = registry.targetOf(faultId);
    if (target === undefined) throw new EncoreError('UNKNOWN_FAULT', `fault ${faultId} was never injected`);
    return lock.run(target, async () => {
      const active = registry.get(faultId);
      if (active !== undefined) return this.#end(active, 'released');
      return { revertedAt: tools.clock.now(), verified: true, evidence: 'the fault had already ended' };
    });
  }

  /** Closes faults that something else ended, with the time of their end if known. */
  async closeEnded(): Promise<void> {
    const confirmed = this.#dependencies.registry.all(
      ({ state, functions }) => state === 'confirmed' && !functions.readBackIsCostly,
    );
    for (const active of confirmed)
      await this.#whileOpen(active, async () => {
        const early = await this.#executor.earlyEnd(active);
        if (early !== null) await this.#revert(active, early.cause, early.evidence, early.atMs);
      });
  }

  /** Reverts all faults or those that match; returns which were reverted and which were not. */
  async revertAll(
    cause: RevertCause,
    fits: (active: RegisteredFault) => boolean = () => true,
  ): Promise<{ reverted: string[]; failed: string[] }> {
    const reverted: string[] = [];
    const failed: string[] = [];
    for (const active of this.#dependencies.registry.all(fits)) {
      const result = await this.#whileOpen(active, () => this.#end(active, cause));
      if (result === null || result.verified) reverted.push(active.fault.id);
      else failed.push(`${active.fault.id}: ${result.evidence}`);
    }
    return { reverted, failed };
  }

  /** Closes the faults of a proxy that lost its state. */
  async lostByProxy(proxy: string, cause: RevertCause, reason: string): Promise<void> {
    for (const active of this.#dependencies.registry.on(proxy))
      await this.#whileOpen(active, () => this.#revert(active, cause, reason));
  }

  /** Reverts what must not last until the target restarts. */
  async targetDied(target: string): Promise<void> {
    for (const active of this.#dependencies.registry.on(target).filter((one) => one.functions.onTargetDied?.(one)))
      await this.#whileOpen(active, () => {
        const { cause, evidence } = deathOf(this.#dependencies.tools, active);
        return this.#revert(active, cause, evidence);
      });
  }

  /** Does the work under the target's lock, or returns null if the fault has ended by then. */
  #whileOpen<T>(active: RegisteredFault, work: () => Promise<T>): Promise<T | null> {
    const { lock, registry } = this.#dependencies;
    return lock.run(active.fault.target, async () => (registry.isOpen(active) ? work() : null));
  }

  /** Returns the fault with the defaults of its parameters. */
  #check(given: PlannedFault): PlannedFault {
    const fault = { ...given, params: parse(paramsSchema(given.kind), given.params, given.kind) };
    const problem = applicabilityProblem(fault);
    if (problem !== null) refuse('INVALID_INPUT', problem);
    if (this.#dependencies.registry.targetOf(fault.id) !== undefined)
      refuse('FAULT_KNOWN', `${fault.id} was already injected`);
    this.#refuseOverlap(fault);
    return fault;
  }

  #refuseOverlap({ kind, target }: PlannedFault): void {
    if (this.#dependencies.registry.on(target).some(({ fault }) => fault.kind === kind))
      refuse('FAULT_OVERLAPS', `${kind} is already active on ${target}: one revert would end both`);
  }

  /**
   * Call with the target's lock held: writes the intent to disk, then injects. Calls `forget` if
   * the fault may be tried again.
   */
  async #inject(
    runId: string,
    fault: PlannedFault,
    forget: () => void,
  ): Promise<InjectResult | { active: RegisteredFault }> {
    const { registry, tools, recorder, journal, metrics, requireRun } = this.#dependencies;
    let saved: SavedBase;
    try {
      this.#refuseOverlap(fault);
      saved = await this.#executor.prepare(fault, functionsOf[fault.kind]);
      requireRun(runId);
    } catch (error) {
      const effect = refusalOf(error);
      if (effect === null) {
        forget();
        throw error;
      }
      await recorder.record({ type: 'fault_intended', faultId: fault.id, fault });
      return this.#refused(fault, effect, error);
    }
    const now = tools.clock.now();
    // Registered in the same turn as the last check of the run's lease, so that the end of the run
    // finds all of its faults; and before the injection, so that the reconciler never mistakes it
    // for a leak.
    const active = registry.add(fault, saved, tools.watch.mark(), now);
    try {
      await journal.write({ line: 'intent', at: now, runId, fault, saved });
    } catch (error) {
      registry.remove(active);
      forget();
      throw error;
    }
    recorder.publish({ type: 'fault_intended', at: now, faultId: fault.id, fault });
    if (saved.containerId !== null) registry.touched.add(saved.containerId);
    try {
      const engineAtMs = await this.#executor.inject(active);
      active.state = 'injected';
      active.injectedAt = engineAtMs ?? tools.clock.now();
      metrics.injected(fault);
      const { kind, target, params } = fault;
      const engineAt = engineAtMs === undefined ? {} : { engineAt: engineAtMs };
      await recorder.record(
        { type: 'fault_injected', faultId: fault.id, kind, target, params, ...engineAt },
        active.injectedAt,
      );
    } catch (error) {
      await this.#revert(active, 'instant', 'the injection failed');
      const effect = refusalOf(error);
      if (effect === null) throw error;
      return this.#refused(fault, effect, error);
    }
    return { active };
  }

  async #refused(fault: PlannedFault, effect: Effect, error: unknown): Promise<InjectResult> {
    // The report shows this text as the reason why the fault was not tested; programs use the code.
    const evidence = messageOf(error);
    this.#dependencies.metrics.effect(fault, effect);
    await this.#dependencies.recorder.record({ type: 'fault_effect_checked', faultId: fault.id, effect, evidence });
    return { injectedAt: this.#dependencies.tools.clock.now(), effect, evidence, over: true };
  }

  /** Call with the target's lock held. The fault should still be in place; if not, records why. */
  async #end(active: RegisteredFault, cause: RevertCause): Promise<RevertResult> {
    const early = await this.#executor.earlyEnd(active);
    return this.#revert(active, early?.cause ?? cause, early?.evidence ?? '', early?.atMs);
  }

  /** Call with the target's lock held. A failed revert is logged and retried. */
  async #revert(active: RegisteredFault, cause: RevertCause, note: string, atMs?: number): Promise<RevertResult> {
    const { clock } = this.#dependencies.tools;
    const reverted = await this.#executor.revert(active);
    const evidence = note === '' ? reverted.evidence : `${note}; ${reverted.evidence}`;
    const endedAt = atMs ?? clock.now();
    if (reverted.verified) await this.#close(active, cause, { ...reverted, evidence }, endedAt);
    else await this.#revertFailed(active, cause, evidence);
    return { revertedAt: endedAt, verified: reverted.verified, evidence };
  }

  /** Ends the fault: one line on disk records the end and its event. Call with the lock held. */
  async #close(
    active: RegisteredFault,
    cause: RevertCause,
    { verified, evidence }: RevertCheck,
    endedAt: number,
  ): Promise<void> {
    const { registry, tools, journal, recorder, metrics } = this.#dependencies;
    const { fault } = active;
    const tookEffect = active.state !== 'injecting' && fault.noop !== true;
    const leftDown = cause === 'instant' && tookEffect && active.functions.pendingRestart?.(active) === true;
    const restartPendingSince = leftDown ? active.injectedAt : null;
    if (leftDown) registry.leftDown(fault, active.injectedAt);
    const reverted = { type: 'fault_reverted', at: endedAt, faultId: fault.id, verified, cause, evidence } as const;
    try {
      await journal.write({ line: 'closed', at: tools.clock.now(), restartPendingSince, reverted });
    } catch (error) {
      // The retry writes it.
      active.state = 'revert-failed';
      throw error;
    }
    registry.remove(active);
    metrics.reverted(fault);
    recorder.publish(reverted);
  }

  async #revertFailed(active: RegisteredFault, cause: RevertCause, evidence: string): Promise<void> {
    // Only the first failure is recorded, not those of the retries.
    if (active.state === 'revert-failed') return;
    active.state = 'revert-failed';
    const { id: faultId } = active.fault;
    await this.#dependencies.recorder.record({ type: 'fault_reverted', faultId, verified: false, cause, evidence });
  }
}

function refuse(code: ErrorCode, message: string): never {
  throw new EncoreError(code, message);
}
