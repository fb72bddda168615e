/**
 * The lifecycle of faults: write the intent to disk, inject, check the effect, revert, verify the
 * revert. A fault is reverted when it is released, when the run lease ends, or when this process
 * restarts after a kill.
 */
import type { Effect, OpenFault, PlannedFault } from '@encore/contracts';
import { EncoreError, type Logger, messageOf } from '@encore/kit';
import { applicabilityProblem } from '@encore/plan';
import { type Deadline, FaultExecutor, type RegisteredFault, refusalOf } from './fault-executor.ts';
import type { FaultSpec, FaultTools, Saved } from './faults/fault-spec.ts';
import { faultTable } from './faults/fault-table.ts';
import type { Journal } from './journal.ts';
import type { KeyedLock } from './lock.ts';
import type { InjectorMetrics } from './metrics.ts';
import type { Recorder } from './recorder.ts';

type Cause = 'released' | 'lease_ended' | 'reconciled' | 'instant' | 'external';

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
   * True when the fault is not active: it was instant, refused, unsupported or reverted meanwhile.
   */
  over: boolean;
}

export interface RevertResult {
  revertedAt: number;
  verified: boolean;
  evidence: string;
}

interface Dependencies {
  tools: FaultTools;
  journal: Journal;
  recorder: Recorder;
  metrics: InjectorMetrics;
  lock: KeyedLock;
  deadline: Deadline;
  logger: Logger;
}

export class FaultRegistry {
  readonly #dependencies: Dependencies;
  readonly #executor: FaultExecutor;
  readonly #open = new Map<string, RegisteredFault>();
  readonly #known: Set<string>;
  /** Full ids of all containers that a fault was injected into. */
  readonly touched: Set<string>;
  /** Targets that an instant outage took down and that have not been restarted yet. */
  readonly #pendingRestarts = new Map<string, PlannedFault>();

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    this.#executor = new FaultExecutor(dependencies);
    this.#known = new Set(dependencies.journal.faultIds);
    this.touched = new Set(dependencies.journal.touchedIds);
    for (const { fault } of dependencies.journal.pendingRestarts) this.#pendingRestarts.set(fault.target, fault);
    // Faults that were active when this process was killed: the first tick reverts them.
    for (const { fault, saved, at } of dependencies.journal.openIntents) {
      dependencies.metrics.inherited(fault);
      this.#open.set(fault.id, {
        fault,
        saved,
        mark: 0,
        spec: faultTable[fault.kind],
        injectedAt: at,
        revertFailed: true,
        confirmed: false,
      });
    }
  }

  get open(): OpenFault[] {
    return [...this.#open.values()].map(({ fault, injectedAt }) => ({ fault, injectedAt }));
  }

  get pendingRestarts(): readonly PlannedFault[] {
    return [...this.#pendingRestarts.values()];
  }

  wasInjected(faultId: string): boolean {
    return this.#known.has(faultId);
  }

  /** Forgets the fault ids of the last run. */
  forget(): void {
    this.#known.clear();
    this.touched.clear();
    this.#pendingRestarts.clear();
  }

  activeOn(target: string): { kinds: string[]; startForbidden: boolean } {
    const active = [...this.#open.values()].filter(({ fault }) => fault.target === target);
    return {
      kinds: active.map(({ fault }) => fault.kind),
      startForbidden: active.some(({ fault, spec }) => fault.forbidsStart ?? spec.forbidsStart),
    };
  }

  /**
   * Resolves after the effect check. Throws a definite error if the request is invalid, returns an
   * engine's refusal as the effect, and throws any other failure.
   */
  async inject({ runId, fault }: InjectRequest): Promise<InjectResult> {
    const spec = this.#check(fault);
    this.#known.add(fault.id);
    const { lock } = this.#dependencies;
    const injected = await lock.run(fault.target, () => this.#inject(runId, fault, spec));
    if (!('registered' in injected)) return injected;
    const { registered } = injected;
    const check = await this.#executor.checkEffect(registered);
    const instant = spec.instant && fault.durationSeconds === 0;
    // A fault that was reverted during its effect check is closed already.
    if (instant && this.#open.get(fault.id) === registered)
      await this.#close(registered, 'instant', {
        verified: true,
        evidence: 'an instant fault leaves nothing to revert',
      });
    return { injectedAt: registered.injectedAt, ...check, over: this.#open.get(fault.id) !== registered };
  }

  async release(faultId: string): Promise<RevertResult> {
    const active = this.#open.get(faultId);
    if (active) return this.revert(active.fault.id, 'released');
    if (!this.#known.has(faultId))
      throw new EncoreError('UNKNOWN_FAULT', `fault ${faultId} was never injected`, { status: 404, definite: true });
    return {
      revertedAt: this.#dependencies.tools.clock.now(),
      verified: true,
      evidence: 'the fault had already ended',
    };
  }

  /** A failed revert is logged and retried; it does not block the others. */
  async revert(faultId: string, cause: Cause, note = ''): Promise<RevertResult> {
    const { tools, lock } = this.#dependencies;
    const target = this.#open.get(faultId)?.fault.target ?? faultId;
    return lock.run(target, async () => {
      const active = this.#open.get(faultId);
      if (!active) return { revertedAt: tools.clock.now(), verified: true, evidence: 'the fault had already ended' };
      // A note gives the reason for reverting now; without one the fault should still be in place.
      const early = note === '' ? await this.#executor.earlyEnd(active) : null;
      return this.#revert(active, early?.cause ?? cause, early?.evidence ?? note, early?.atMs);
    });
  }

  /** Closes faults that something else ended, with the time of their end if known. */
  async closeEnded(): Promise<void> {
    const { lock } = this.#dependencies;
    const candidates = [...this.#open.values()].filter(({ spec, confirmed }) => confirmed && !spec.readBackIsCostly);
    for (const active of candidates) {
      await lock.run(active.fault.target, async () => {
        if (this.#open.get(active.fault.id) !== active) return;
        const early = await this.#executor.earlyEnd(active);
        if (early !== null) await this.#revert(active, early.cause, early.evidence, early.atMs);
      });
    }
  }

  /** Call with the target's lock held. */
  async #revert(active: RegisteredFault, cause: Cause, note: string, atMs?: number): Promise<RevertResult> {
    const { clock } = this.#dependencies.tools;
    const reverted = await this.#executor.revert(active);
    const evidence = note === '' ? reverted.evidence : `${note}; ${reverted.evidence}`;
    if (reverted.verified || !active.revertFailed) await this.#close(active, cause, { ...reverted, evidence }, atMs);
    return { revertedAt: atMs ?? clock.now(), verified: reverted.verified, evidence };
  }

  /** Reverts all faults or those that match; returns which were reverted and which were not. */
  async revertAll(
    cause: Cause,
    fits: (active: RegisteredFault) => boolean = () => true,
  ): Promise<{ reverted: string[]; failed: string[] }> {
    const reverted: string[] = [];
    const failed: string[] = [];
    for (const { fault } of [...this.#open.values()].filter(fits)) {
      const { verified, evidence } = await this.revert(fault.id, cause);
      if (verified) reverted.push(fault.id);
      else failed.push(`${fault.id}: ${evidence}`);
    }
    return { reverted, failed };
  }

  /** Closes the faults of a proxy that lost its state. */
  async lostByProxy(proxy: string, reason: string): Promise<void> {
    for (const active of [...this.#open.values()].filter(({ fault }) => fault.target === proxy)) {
      await this.revert(active.fault.id, 'reconciled', reason);
    }
  }

  /** Before the target restarts, restores the limit that may have killed it. */
  async targetDied(target: string): Promise<void> {
    for (const active of [...this.#open.values()].filter(({ fault }) => fault.target === target)) {
      if (active.fault.kind === 'memory-cap')
        await this.revert(active.fault.id, 'reconciled', 'the target died while the fault was active');
    }
  }

  targetStarted(target: string): void {
    this.#pendingRestarts.delete(target);
  }

  #check(fault: PlannedFault): FaultSpec {
    const spec = faultTable[fault.kind];
    const refuse = (code: string, message: string, status = 409) => {
      throw new EncoreError(code, message, { status, definite: true });
    };
    const problem = applicabilityProblem(fault);
    if (problem !== null) refuse('INVALID_INPUT', problem, 400);
    if (this.#known.has(fault.id)) refuse('FAULT_KNOWN', `${fault.id} was already injected`);
    if (this.activeOn(fault.target).kinds.includes(fault.kind))
      refuse('FAULT_OVERLAPS', `${fault.kind} is already active on ${fault.target}: one revert would end both`);
    return spec;
  }

  /** Call with the target's lock held: writes the intent to disk, then injects. */
  async #inject(
    runId: string,
    fault: PlannedFault,
    spec: FaultSpec,
  ): Promise<InjectResult | { registered: RegisteredFault }> {
    const { tools, recorder, journal, metrics } = this.#dependencies;
    let saved: Saved = {};
    try {
      saved = await this.#executor.prepare(fault, spec);
    } catch (error) {
      const effect = refusalOf(error);
      if (effect === null) {
        this.#known.delete(fault.id);
        throw error;
      }
      await recorder.record({ type: 'fault_intended', faultId: fault.id, fault });
      return this.#refused(fault, effect, error);
    }
    const now = tools.clock.now();
    // Both in one fsync, because the injection waits for it.
    await Promise.all([
      journal.write({ line: 'intent', at: now, runId, fault, saved }),
      recorder.record({ type: 'fault_intended', faultId: fault.id, fault }),
    ]);
    const mark = tools.watch.mark();
    // Registered before the injection, so that the reconciler never mistakes it for a leak.
    const active: RegisteredFault = {
      fault,
      saved,
      mark,
      spec,
      injectedAt: now,
      revertFailed: false,
      confirmed: false,
    };
    this.#open.set(fault.id, active);
    if (saved.containerId !== undefined) this.touched.add(saved.containerId);
    let engineAtMs: number | undefined;
    try {
      engineAtMs = await this.#executor.inject(active);
    } catch (error) {
      const reverted = await this.#executor.revert(active);
      await this.#close(active, 'instant', reverted);
      const effect = refusalOf(error);
      if (effect === null) throw error;
      return this.#refused(fault, effect, error);
    }
    active.injectedAt = engineAtMs ?? tools.clock.now();
    metrics.injected(fault);
    const engineAt = engineAtMs === undefined ? {} : { engineAt: engineAtMs };
    await recorder.record(
      { type: 'fault_injected', faultId: fault.id, kind: fault.kind, target: fault.target, ...engineAt },
      active.injectedAt,
    );
    return { registered: active };
  }

  async #refused(fault: PlannedFault, effect: Effect, error: unknown): Promise<InjectResult> {
    // The report shows this text as the reason why the fault was not tested; programs use the code.
    const evidence = messageOf(error);
    this.#dependencies.metrics.effect(fault, effect);
    await this.#dependencies.recorder.record({ type: 'fault_effect_checked', faultId: fault.id, effect, evidence });
    return { injectedAt: this.#dependencies.tools.clock.now(), effect, evidence, over: true };
  }

  async #close(
    active: RegisteredFault,
    cause: Cause,
    { verified, evidence }: { verified: boolean; evidence: string },
    atMs?: number,
  ): Promise<void> {
    const { tools, journal, recorder, metrics, logger } = this.#dependencies;
    const { fault } = active;
    if (verified) {
      this.#open.delete(fault.id);
      metrics.reverted(fault);
      const restartPending = cause === 'instant' && fault.kind === 'outage' && fault.noop !== true;
      if (restartPending) this.#pendingRestarts.set(fault.target, fault);
      await recorder.record({ type: 'fault_reverted', faultId: fault.id, verified, cause, evidence }, atMs);
      await journal.write({ line: 'closed', at: tools.clock.now(), faultId: fault.id, restartPending });
    } else {
      active.revertFailed = true;
      logger.error({ fault: fault.id, evidence }, 'revert not verified, will be retried');
      await recorder.record({ type: 'fault_reverted', faultId: fault.id, verified, cause, evidence });
    }
  }
}
