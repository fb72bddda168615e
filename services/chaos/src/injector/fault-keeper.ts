/**
 * The lifecycle of faults: intent on disk, injection, effect check, active, revert, check of the
 * revert. A fault is reverted when it is released, when the run lease ends, or when this process
 * restarts after a kill.
 */
import type { Bit, OpenFault, PlannedFault } from '@encore/contracts';
import { EncoreError, type Logger, messageOf } from '@encore/kit';
import { applicabilityProblem } from '@encore/plan';
import { type Deadline, FaultHands, type Held, refusalOf } from './fault-hands.ts';
import type { FaultSpec, FaultTools, Saved } from './faults/fault-spec.ts';
import { faultTable } from './faults/fault-table.ts';
import type { Journal } from './journal.ts';
import type { KeyedLock } from './lock.ts';
import type { InjectorMetrics } from './metrics.ts';
import type { Recorder } from './recorder.ts';

type Cause = 'released' | 'lease_ended' | 'healed' | 'instant' | 'external';

export interface InjectRequest {
  runId: string;
  fault: PlannedFault;
}

export interface InjectResult {
  /** The engine's time if it reported one, else ours. */
  injectedAt: number;
  bit: Bit;
  evidence: string;
  /**
   * True when the fault is not active: it was instant, refused, unsupported or reverted meanwhile.
   */
  over: boolean;
}

export interface RevertResult {
  undoneAt: number;
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

export class FaultKeeper {
  readonly #dependencies: Dependencies;
  readonly #hands: FaultHands;
  readonly #open = new Map<string, Held>();
  readonly #known: Set<string>;
  /** Full ids of all containers that a fault was injected into. */
  readonly touched: Set<string>;
  /** Targets that an instant outage left down and that are not started yet. */
  readonly #owed = new Map<string, PlannedFault>();

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    this.#hands = new FaultHands(dependencies);
    this.#known = new Set(dependencies.journal.faultIds);
    this.touched = new Set(dependencies.journal.touchedIds);
    for (const { fault } of dependencies.journal.owedStarts) this.#owed.set(fault.target, fault);
    // Faults that were active when this process was killed: the first tick reverts them.
    for (const { fault, saved, at } of dependencies.journal.openIntents) {
      dependencies.metrics.inherited(fault);
      this.#open.set(fault.id, {
        fault,
        saved,
        mark: 0,
        spec: faultTable[fault.kind],
        injectedAt: at,
        undoFailed: true,
        confirmed: false,
      });
    }
  }

  get open(): OpenFault[] {
    return [...this.#open.values()].map(({ fault, injectedAt }) => ({ fault, injectedAt }));
  }

  get owed(): readonly PlannedFault[] {
    return [...this.#owed.values()];
  }

  wasInjected(faultId: string): boolean {
    return this.#known.has(faultId);
  }

  /** Forgets the fault ids of the last run. */
  forget(): void {
    this.#known.clear();
    this.touched.clear();
    this.#owed.clear();
  }

  heldOn(target: string): { kinds: string[]; startForbidden: boolean } {
    const held = [...this.#open.values()].filter(({ fault }) => fault.target === target);
    return {
      kinds: held.map(({ fault }) => fault.kind),
      startForbidden: held.some(({ fault, spec }) => fault.forbidsStart ?? spec.forbidsStart),
    };
  }

  /**
   * Resolves after the effect check. Throws a definite error for a refusal, another one for a
   * failure.
   */
  async inject({ runId, fault }: InjectRequest): Promise<InjectResult> {
    const spec = this.#check(fault);
    this.#known.add(fault.id);
    const { lock } = this.#dependencies;
    const held = await lock.run(fault.target, () => this.#act(runId, fault, spec));
    if (!('deed' in held)) return held;
    const { deed } = held;
    const bite = await this.#hands.bite(deed);
    const instant = spec.instant && fault.durationSeconds === 0;
    // A fault that was reverted during its effect check is closed already.
    if (instant && this.#open.get(fault.id) === deed)
      await this.#close(deed, 'instant', { verified: true, evidence: 'an instant fault leaves nothing to revert' });
    return { injectedAt: deed.injectedAt, ...bite, over: this.#open.get(fault.id) !== deed };
  }

  async release(faultId: string): Promise<RevertResult> {
    const held = this.#open.get(faultId);
    if (held) return this.undo(held.fault.id, 'released');
    if (!this.#known.has(faultId))
      throw new EncoreError('UNKNOWN_FAULT', `fault ${faultId} was never injected`, { status: 404, definite: true });
    return { undoneAt: this.#dependencies.tools.clock.now(), verified: true, evidence: 'it had already ended' };
  }

  /** A failed revert is logged and retried; it does not block the others. */
  async undo(faultId: string, cause: Cause, note = ''): Promise<RevertResult> {
    const { tools, lock } = this.#dependencies;
    const target = this.#open.get(faultId)?.fault.target ?? faultId;
    return lock.run(target, async () => {
      const held = this.#open.get(faultId);
      if (!held) return { undoneAt: tools.clock.now(), verified: true, evidence: 'it had already ended' };
      // A note gives the reason for reverting now; without one the fault should still be in place.
      const early = note === '' ? await this.#hands.earlyEnd(held) : null;
      return this.#revert(held, early?.cause ?? cause, early?.evidence ?? note, early?.atMs);
    });
  }

  /** Closes faults that something else ended, with the time of their end if known. */
  async closeEnded(): Promise<void> {
    const { lock } = this.#dependencies;
    const candidates = [...this.#open.values()].filter(({ spec, confirmed }) => confirmed && !spec.readBackIsCostly);
    for (const held of candidates) {
      await lock.run(held.fault.target, async () => {
        if (this.#open.get(held.fault.id) !== held) return;
        const early = await this.#hands.earlyEnd(held);
        if (early !== null) await this.#revert(held, early.cause, early.evidence, early.atMs);
      });
    }
  }

  /** Call with the target's lock held. */
  async #revert(held: Held, cause: Cause, note: string, atMs?: number): Promise<RevertResult> {
    const { clock } = this.#dependencies.tools;
    const undone = await this.#hands.undo(held);
    const evidence = note === '' ? undone.evidence : `${note}; ${undone.evidence}`;
    if (undone.verified || !held.undoFailed) await this.#close(held, cause, { ...undone, evidence }, atMs);
    return { undoneAt: atMs ?? clock.now(), verified: undone.verified, evidence };
  }

  /** Reverts all faults or those that match; returns which were reverted and which were not. */
  async undoAll(
    cause: Cause,
    fits: (held: Held) => boolean = () => true,
  ): Promise<{ healed: string[]; failed: string[] }> {
    const healed: string[] = [];
    const failed: string[] = [];
    for (const { fault } of [...this.#open.values()].filter(fits)) {
      const { verified, evidence } = await this.undo(fault.id, cause);
      if (verified) healed.push(fault.id);
      else failed.push(`${fault.id}: ${evidence}`);
    }
    return { healed, failed };
  }

  /** Closes the faults of a proxy that lost its state. */
  async lostByProxy(link: string, reason: string): Promise<void> {
    for (const held of [...this.#open.values()].filter(({ fault }) => fault.target === link)) {
      await this.undo(held.fault.id, 'healed', reason);
    }
  }

  /** Restores a limit that may have killed the target before the target restarts. */
  async targetDied(target: string): Promise<void> {
    for (const held of [...this.#open.values()].filter(({ fault }) => fault.target === target)) {
      if (held.fault.kind === 'memory-cap')
        await this.undo(held.fault.id, 'healed', 'the target died while it was active');
    }
  }

  targetStarted(target: string): void {
    this.#owed.delete(target);
  }

  #check(fault: PlannedFault): FaultSpec {
    const spec = faultTable[fault.kind];
    const refuse = (code: string, message: string, status = 409) => {
      throw new EncoreError(code, message, { status, definite: true });
    };
    const problem = applicabilityProblem(fault);
    if (problem !== null) refuse('INVALID_INPUT', problem, 400);
    if (this.#known.has(fault.id)) refuse('FAULT_KNOWN', `${fault.id} was already injected`);
    if (this.heldOn(fault.target).kinds.includes(fault.kind))
      refuse('FAULT_OVERLAPS', `${fault.kind} is already active on ${fault.target}: one revert would end both`);
    return spec;
  }

  /** Call with the target's lock held: writes the intent to disk, then injects. */
  async #act(runId: string, fault: PlannedFault, spec: FaultSpec): Promise<InjectResult | { deed: Held }> {
    const { tools, recorder, journal, metrics } = this.#dependencies;
    let saved: Saved = {};
    try {
      saved = await this.#hands.prepare(fault, spec);
    } catch (error) {
      const bit = refusalOf(error);
      if (bit === null) {
        this.#known.delete(fault.id);
        throw error;
      }
      await recorder.record({ type: 'fault_intended', faultId: fault.id, fault });
      return this.#refused(fault, bit, error);
    }
    const now = tools.clock.now();
    // Both in one fsync, because the injection waits for it.
    await Promise.all([
      journal.write({ line: 'intent', at: now, runId, fault, saved }),
      recorder.record({ type: 'fault_intended', faultId: fault.id, fault }),
    ]);
    const mark = tools.watch.mark();
    // Registered before the injection, so that the healer never mistakes it for a leak.
    const held: Held = {
      fault,
      saved,
      mark,
      spec,
      injectedAt: now,
      undoFailed: false,
      confirmed: false,
    };
    this.#open.set(fault.id, held);
    if (saved.containerId !== undefined) this.touched.add(saved.containerId);
    let engineAtMs: number | undefined;
    try {
      engineAtMs = await this.#hands.act(held);
    } catch (error) {
      const undone = await this.#hands.undo(held);
      await this.#close(held, 'instant', undone);
      const bit = refusalOf(error);
      if (bit === null) throw error;
      return this.#refused(fault, bit, error);
    }
    held.injectedAt = engineAtMs ?? tools.clock.now();
    metrics.injected(fault);
    const engineAt = engineAtMs === undefined ? {} : { engineAt: engineAtMs };
    await recorder.record(
      { type: 'fault_injected', faultId: fault.id, kind: fault.kind, target: fault.target, ...engineAt },
      held.injectedAt,
    );
    return { deed: held };
  }

  async #refused(fault: PlannedFault, bit: Bit, error: unknown): Promise<InjectResult> {
    // People read the evidence as what was not tested and why; programs use the error code.
    const evidence = messageOf(error);
    this.#dependencies.metrics.bit(fault, bit);
    await this.#dependencies.recorder.record({ type: 'fault_bit', faultId: fault.id, bit, evidence });
    return { injectedAt: this.#dependencies.tools.clock.now(), bit, evidence, over: true };
  }

  async #close(
    held: Held,
    cause: Cause,
    { verified, evidence }: { verified: boolean; evidence: string },
    atMs?: number,
  ): Promise<void> {
    const { tools, journal, recorder, metrics, logger } = this.#dependencies;
    const { fault } = held;
    if (verified) {
      this.#open.delete(fault.id);
      metrics.undone(fault);
      const owesStart = cause === 'instant' && fault.kind === 'outage' && fault.inert !== true;
      if (owesStart) this.#owed.set(fault.target, fault);
      await recorder.record({ type: 'fault_undone', faultId: fault.id, verified, cause, evidence }, atMs);
      await journal.write({ line: 'closed', at: tools.clock.now(), faultId: fault.id, owesStart });
    } else {
      held.undoFailed = true;
      logger.error({ fault: fault.id, evidence }, 'revert not verified, will be retried');
      await recorder.record({ type: 'fault_undone', faultId: fault.id, verified, cause, evidence });
    }
  }
}
