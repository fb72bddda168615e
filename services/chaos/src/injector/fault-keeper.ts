/**
 * The life of a fault: intent on disk, act, effect check, active, revert, check of the revert. A fault is reverted when it is
 * released, when the run lease ends, or, if this process was killed, when it starts again.
 */
import type { Bit, OpenFault, PlannedFault } from '@encore/contracts';
import { EncoreError, type Logger, messageOf } from '@encore/kit';
import { aimProblem } from '@encore/plan';
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
  /** The engine's own time where it reported one, else ours. */
  injectedAt: number;
  bit: Bit;
  evidence: string;
  /** True when the fault is not active: it was instant, refused, unsupported or reverted meanwhile. */
  over: boolean;
}

export interface RevertResult {
  undoneAt: number;
  verified: boolean;
  evidence: string;
}

interface Parts {
  tools: FaultTools;
  journal: Journal;
  recorder: Recorder;
  metrics: InjectorMetrics;
  lock: KeyedLock;
  deadline: Deadline;
  logger: Logger;
}

export class FaultKeeper {
  readonly #parts: Parts;
  readonly #hands: FaultHands;
  readonly #open = new Map<string, Held>();
  readonly #known: Set<string>;
  /** Full ids of all containers that were acted upon. */
  readonly touched: Set<string>;
  /** Targets that an instant outage left down, and that nobody started yet. */
  readonly #owed = new Map<string, PlannedFault>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#hands = new FaultHands(parts);
    this.#known = new Set(parts.journal.faultIds);
    this.touched = new Set(parts.journal.touchedIds);
    for (const { fault } of parts.journal.owedStarts) this.#owed.set(fault.target, fault);
    // A fault that this process left open when it was killed: the first tick reverts it.
    for (const { fault, saved, at } of parts.journal.openIntents) {
      parts.metrics.inherited(fault);
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

  /** A new run has its own fault ids. */
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

  /** Resolves after the effect check. Throws what the injector refuses (definite) or could not do. */
  async inject({ runId, fault }: InjectRequest): Promise<InjectResult> {
    const spec = this.#check(fault);
    this.#known.add(fault.id);
    const { lock } = this.#parts;
    const held = await lock.run(fault.target, () => this.#act(runId, fault, spec));
    if (!('deed' in held)) return held;
    const { deed } = held;
    const bite = await this.#hands.bite(deed);
    const instant = spec.instant && fault.durationSeconds === 0;
    // The effect check may take long; a fault that was reverted meanwhile is closed already.
    if (instant && this.#open.get(fault.id) === deed)
      await this.#close(deed, 'instant', { verified: true, evidence: 'nothing is held' });
    return { injectedAt: deed.injectedAt, ...bite, over: this.#open.get(fault.id) !== deed };
  }

  async release(faultId: string): Promise<RevertResult> {
    const held = this.#open.get(faultId);
    if (held) return this.undo(held.fault.id, 'released');
    if (!this.#known.has(faultId))
      throw new EncoreError('UNKNOWN_FAULT', `there was no fault ${faultId}`, { status: 404, definite: true });
    return { undoneAt: this.#parts.tools.clock.now(), verified: true, evidence: 'it was over already' };
  }

  /** One failed undo does not stop the others; it is said so and tried again. */
  async undo(faultId: string, cause: Cause, note = ''): Promise<RevertResult> {
    const { tools, lock } = this.#parts;
    const target = this.#open.get(faultId)?.fault.target ?? faultId;
    return lock.run(target, async () => {
      const held = this.#open.get(faultId);
      if (!held) return { undoneAt: tools.clock.now(), verified: true, evidence: 'it was over already' };
      // A note says why it is reverted now; otherwise the fault should still be in place.
      const early = note === '' ? await this.#hands.earlyEnd(held) : null;
      return this.#revert(held, early?.cause ?? cause, early?.evidence ?? note, early?.atMs);
    });
  }

  /** Closes faults that something else ended, at the moment at which they ended as far as it is known. */
  async closeEnded(): Promise<void> {
    const { lock } = this.#parts;
    const candidates = [...this.#open.values()].filter(({ spec, confirmed }) => confirmed && !spec.readBackIsCostly);
    for (const held of candidates) {
      await lock.run(held.fault.target, async () => {
        if (this.#open.get(held.fault.id) !== held) return;
        const early = await this.#hands.earlyEnd(held);
        if (early !== null) await this.#revert(held, early.cause, early.evidence, early.atMs);
      });
    }
  }

  /** Under the target's lock. */
  async #revert(held: Held, cause: Cause, note: string, atMs?: number): Promise<RevertResult> {
    const { clock } = this.#parts.tools;
    const undone = await this.#hands.undo(held);
    const evidence = note === '' ? undone.evidence : `${note}; ${undone.evidence}`;
    if (undone.verified || !held.undoFailed) await this.#close(held, cause, { ...undone, evidence }, atMs);
    return { undoneAt: atMs ?? clock.now(), verified: undone.verified, evidence };
  }

  /** All of them, or those that fit; answers with what was undone and what was not. */
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

  /** The proxy lost its state: what was held there is over. */
  async lostByProxy(link: string, reason: string): Promise<void> {
    for (const held of [...this.#open.values()].filter(({ fault }) => fault.target === link)) {
      await this.undo(held.fault.id, 'healed', reason);
    }
  }

  /** The target died: a limit that may have killed it is taken away before it comes back. */
  async targetDied(target: string): Promise<void> {
    for (const held of [...this.#open.values()].filter(({ fault }) => fault.target === target)) {
      if (held.fault.kind === 'memory-cap') await this.undo(held.fault.id, 'healed', 'the target died under it');
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
    const problem = aimProblem(fault);
    if (problem !== null) refuse('INVALID_INPUT', problem, 400);
    if (this.#known.has(fault.id)) refuse('FAULT_KNOWN', `${fault.id} was injected already`);
    if (this.heldOn(fault.target).kinds.includes(fault.kind))
      refuse('FAULT_OVERLAPS', `${fault.kind} is held on ${fault.target} already: one undo would end both`);
    return spec;
  }

  /** Under the target's lock: intent on disk, then the act. */
  async #act(runId: string, fault: PlannedFault, spec: FaultSpec): Promise<InjectResult | { deed: Held }> {
    const { tools, recorder, journal, metrics } = this.#parts;
    let saved: Saved = {};
    try {
      saved = await this.#hands.prepare(fault, spec);
    } catch (error) {
      const bit = refusalOf(error);
      if (bit === null) {
        this.#known.delete(fault.id);
        throw error;
      }
      await recorder.tell({ type: 'fault_intended', faultId: fault.id, fault });
      return this.#refused(fault, bit, error);
    }
    const now = tools.clock.now();
    // Both in one fsync, for the act waits for it.
    await Promise.all([
      journal.write({ line: 'intent', at: now, runId, fault, saved }),
      recorder.tell({ type: 'fault_intended', faultId: fault.id, fault }),
    ]);
    const mark = tools.watch.mark();
    // Known before the act, so that healing never takes what is being done for a leak.
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
    await recorder.tell(
      { type: 'fault_injected', faultId: fault.id, kind: fault.kind, target: fault.target, ...engineAt },
      held.injectedAt,
    );
    return { deed: held };
  }

  async #refused(fault: PlannedFault, bit: Bit, error: unknown): Promise<InjectResult> {
    // The code is for programs; this is read by people, as what was not tested and why.
    const evidence = messageOf(error);
    this.#parts.metrics.bit(fault, bit);
    await this.#parts.recorder.tell({ type: 'fault_bit', faultId: fault.id, bit, evidence });
    return { injectedAt: this.#parts.tools.clock.now(), bit, evidence, over: true };
  }

  async #close(
    held: Held,
    cause: Cause,
    { verified, evidence }: { verified: boolean; evidence: string },
    atMs?: number,
  ): Promise<void> {
    const { tools, journal, recorder, metrics, logger } = this.#parts;
    const { fault } = held;
    if (verified) {
      this.#open.delete(fault.id);
      metrics.undone(fault);
      const owesStart = cause === 'instant' && fault.kind === 'outage' && fault.inert !== true;
      if (owesStart) this.#owed.set(fault.target, fault);
      await recorder.tell({ type: 'fault_undone', faultId: fault.id, verified, cause, evidence }, atMs);
      await journal.write({ line: 'closed', at: tools.clock.now(), faultId: fault.id, owesStart });
    } else {
      held.undoFailed = true;
      logger.error({ fault: fault.id, evidence }, 'undo not verified, will be tried again');
      await recorder.tell({ type: 'fault_undone', faultId: fault.id, verified, cause, evidence });
    }
  }
}
