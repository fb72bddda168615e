/**
 * The life of a fault: intent on disk, act, bite check, held under a lease, undo, undo check. Whatever happens to whoever
 * asked for it, the undo comes: at the release, at the lease's end, or when the guard starts again.
 */
import type { Bit, InjectAnswer, InjectRequest, OpenFault, PlannedFault, UndoAnswer } from '@encore/contracts';
import { EncoreError, type Logger, messageOf } from '@encore/kit';
import { aimProblem } from '@encore/plan';
import { type Deadline, FaultHands, type Held, longestInjectionMs, refusalOf } from './fault-hands.ts';
import type { FaultSpec, FaultTools, Saved } from './faults/fault-spec.ts';
import { faultTable } from './faults/fault-table.ts';
import type { Journal } from './journal.ts';
import type { KeyedLock } from './lock.ts';
import type { GuardMetrics } from './metrics.ts';
import type { Recorder } from './recorder.ts';

type Cause = 'released' | 'lease_ended' | 'healed' | 'instant';

interface Parts {
  tools: FaultTools;
  journal: Journal;
  recorder: Recorder;
  metrics: GuardMetrics;
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
    // What a former life left open has no lease any more: the first healing undoes it.
    for (const { fault, saved, at } of parts.journal.openIntents) {
      parts.metrics.inherited(fault);
      this.#open.set(fault.id, {
        fault,
        saved,
        mark: 0,
        spec: faultTable[fault.kind],
        injectedAt: at,
        leaseEndsAt: 0,
        undoFailed: true,
      });
    }
  }

  get open(): OpenFault[] {
    return [...this.#open.values()].map(({ fault, injectedAt, leaseEndsAt }) => ({ fault, injectedAt, leaseEndsAt }));
  }

  get owed(): readonly PlannedFault[] {
    return [...this.#owed.values()];
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

  async inject({ runId, fault, ttlMs }: InjectRequest): Promise<InjectAnswer> {
    const spec = this.#check(fault);
    this.#known.add(fault.id);
    const { tools, lock } = this.#parts;
    const held = await lock.run(fault.target, () => this.#act(runId, fault, spec));
    if (!('deed' in held)) return held;
    const { deed } = held;
    const bite = await this.#hands.bite(deed);
    deed.leaseEndsAt = tools.clock.now() + ttlMs;
    const over = spec.instant && fault.durationSeconds === 0;
    if (over) await this.#close(deed, 'instant', { verified: true, evidence: 'nothing is held' });
    return { injectedAt: deed.injectedAt, ...bite, over };
  }

  renew(faultId: string, ttlMs: number): void {
    const held = this.#open.get(faultId);
    if (!held || held.undoFailed)
      throw new EncoreError('FAULT_OVER', `${faultId} is not held`, { status: 410, definite: true });
    held.leaseEndsAt = Math.max(held.leaseEndsAt, this.#parts.tools.clock.now() + ttlMs);
  }

  async release(faultId: string): Promise<UndoAnswer> {
    const held = this.#open.get(faultId);
    if (held) return this.undo(held.fault.id, 'released');
    if (!this.#known.has(faultId))
      throw new EncoreError('UNKNOWN_FAULT', `there was no fault ${faultId}`, { status: 404, definite: true });
    return { undoneAt: this.#parts.tools.clock.now(), verified: true, evidence: 'it was over already' };
  }

  /** One failed undo does not stop the others; it is said so and tried again. */
  async undo(faultId: string, cause: Cause, note = ''): Promise<UndoAnswer> {
    const { tools, lock } = this.#parts;
    const target = this.#open.get(faultId)?.fault.target ?? faultId;
    return lock.run(target, async () => {
      const held = this.#open.get(faultId);
      if (!held) return { undoneAt: tools.clock.now(), verified: true, evidence: 'it was over already' };
      const undone = await this.#hands.undo(held);
      const evidence = note === '' ? undone.evidence : `${note}; ${undone.evidence}`;
      if (undone.verified || !held.undoFailed) await this.#close(held, cause, { ...undone, evidence });
      return { undoneAt: tools.clock.now(), verified: undone.verified, evidence };
    });
  }

  /** All of them, or those that fit; answers with what was undone and what was not. */
  async undoAll(
    cause: Cause,
    fits: (held: OpenFault) => boolean = () => true,
  ): Promise<{ healed: string[]; failed: string[] }> {
    const healed: string[] = [];
    const failed: string[] = [];
    for (const { fault } of this.open.filter(fits)) {
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
  async #act(runId: string, fault: PlannedFault, spec: FaultSpec): Promise<InjectAnswer | { deed: Held }> {
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
      leaseEndsAt: now + longestInjectionMs(fault.kind),
      undoFailed: false,
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

  async #refused(fault: PlannedFault, bit: Bit, error: unknown): Promise<InjectAnswer> {
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
  ): Promise<void> {
    const { tools, journal, recorder, metrics, logger } = this.#parts;
    const { fault } = held;
    if (verified) {
      this.#open.delete(fault.id);
      metrics.undone(fault);
      const owesStart = cause === 'instant' && fault.kind === 'outage' && fault.inert !== true;
      if (owesStart) this.#owed.set(fault.target, fault);
      await recorder.tell({ type: 'fault_undone', faultId: fault.id, verified, cause, evidence });
      await journal.write({ line: 'closed', at: tools.clock.now(), faultId: fault.id, owesStart });
    } else {
      held.undoFailed = true;
      held.leaseEndsAt = 0;
      logger.error({ fault: fault.id, evidence }, 'undo not verified, will be tried again');
      await recorder.tell({ type: 'fault_undone', faultId: fault.id, verified, cause, evidence });
    }
  }
}
