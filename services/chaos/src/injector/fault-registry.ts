/**
 * What the injector knows about the faults of the current run: which are open, meaning between the
 * intent on disk and the line that closes it, and which have left their target down.
 */
import {
  type Behaviour,
  behaviourOf,
  type FaultKind,
  type OpenFault,
  type PlannedFault,
  type Target,
} from '@encore/contracts';
import type { ActiveFault, FaultFunctions, SavedBase } from './fault-functions.ts';
import { functionsOf } from './faults/functions-of.ts';
import type { Journal, PendingRestart } from './journal.ts';
import type { InjectorMetrics } from './metrics.ts';

/** What is active, the functions of its kind, and how far it has come. */
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

export class FaultRegistry {
  readonly #open = new Map<string, RegisteredFault>();
  /** The target of every fault of the run that was injected or is being injected, by fault id. */
  #known: Map<string, Target>;
  /** Full ids of all containers that a fault was injected into. */
  readonly touched: Set<string>;
  /** Targets that an instant fault took down and that have not been restarted yet. */
  readonly #pendingRestarts = new Map<string, PendingRestart>();

  constructor(journal: Journal, metrics: InjectorMetrics) {
    this.#known = new Map(journal.faults.map(({ id, target }) => [id, target]));
    this.touched = new Set(journal.touchedIds);
    for (const pending of journal.pendingRestarts) this.#pendingRestarts.set(pending.fault.target, pending);
    // Faults that were active when this process was killed: the first tick reverts them.
    for (const { fault, saved, at } of journal.openIntents) {
      metrics.inherited(fault);
      this.add(fault, saved, 0, at).state = 'revert-failed';
    }
  }

  /** Registers a fault that is about to be injected, at this position of the engine's events. */
  add(fault: PlannedFault, saved: SavedBase, mark: number, injectedAt: number): RegisteredFault {
    const active: RegisteredFault = {
      fault,
      saved,
      mark,
      functions: functionsOf[fault.kind],
      behaviour: behaviourOf(fault),
      injectedAt,
      state: 'injecting',
    };
    this.#open.set(fault.id, active);
    return active;
  }

  /** The fault has ended, or was never active. */
  remove({ fault }: RegisteredFault): void {
    this.#open.delete(fault.id);
  }

  /** A fault may end during any `await`. */
  isOpen(active: RegisteredFault): boolean {
    return this.#open.get(active.fault.id) === active;
  }

  get(faultId: string): RegisteredFault | undefined {
    return this.#open.get(faultId);
  }

  all(fits: (active: RegisteredFault) => boolean): RegisteredFault[] {
    return [...this.#open.values()].filter(fits);
  }

  on(target: Target): RegisteredFault[] {
    return this.all(({ fault }) => fault.target === target);
  }

  get open(): OpenFault[] {
    return this.all(() => true).map(({ fault, injectedAt }) => ({ fault, injectedAt }));
  }

  /** The kinds that change this target now. A no-op fault changes nothing. */
  kindsChanging(target: Target): FaultKind[] {
    return this.on(target).flatMap(({ fault }) => (fault.noop === true ? [] : fault.kind));
  }

  /**
   * Remembers that the fault is being injected; returns how to forget it if it may be tried again.
   * The next run may have begun by then.
   */
  know(fault: PlannedFault): () => void {
    const known = this.#known.set(fault.id, fault.target);
    return () => known.delete(fault.id);
  }

  /** The target of a fault that was injected, even by an earlier process. */
  targetOf(faultId: string): Target | undefined {
    return this.#known.get(faultId);
  }

  /** Forgets the faults of the last run; none may be active. */
  forget(): void {
    this.#known = new Map();
    this.touched.clear();
    this.#pendingRestarts.clear();
  }

  get pendingRestarts(): readonly PlannedFault[] {
    return [...this.#pendingRestarts.values()].map(({ fault }) => fault);
  }

  /** `sinceMs`: the engine's time. */
  leftDown(fault: PlannedFault, sinceMs: number): void {
    this.#pendingRestarts.set(fault.target, { fault, sinceMs });
  }

  /** `atMs`: the engine's time. A start before the fault may be reported after it. */
  targetStarted(target: string, atMs: number): void {
    const pending = this.#pendingRestarts.get(target);
    if (pending !== undefined && atMs > pending.sinceMs) this.#pendingRestarts.delete(target);
  }
}
