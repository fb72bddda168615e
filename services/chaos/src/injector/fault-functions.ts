/**
 * A kind of fault in the injector: five small functions, generic over what the kind saves. What a
 * revert needs is in `Saved`, which is on disk before the injection, so that an injector can revert
 * the faults of a killed predecessor. docs/CREATING_FAULTS.md is the guide.
 */
import type { FaultParams, PlannedFault } from '@encore/contracts';
import type { Clock } from '@encore/kit';
import { z } from 'zod';
import type { Engine } from './engine.ts';
import type { EngineWatch } from './engine-watch.ts';
import type { LabProxies } from './lab-proxies.ts';
import type { LoadClient } from './load-client.ts';
import type { StartAttributor } from './start-attributor.ts';
import type { Targets } from './targets.ts';

/** What kinds may use. Each kind declares the part that it needs, as one or more of the roles. */
export interface FaultTools {
  engine: Engine;
  targets: Targets;
  watch: EngineWatch;
  proxies: LabProxies;
  load: LoadClient;
  starts: StartAttributor;
  clock: Clock;
}

/** Calls the engine. */
export interface UsesEngine<Call extends keyof Engine> {
  engine: Pick<Engine, Call>;
}
/** Finds the container that a fault acts on. */
export interface FindsTarget {
  targets: Pick<Targets, 'find'>;
}
/** Starts the target, or announces a start, so that it is attributed to the fault. */
export interface StartsTarget<Call extends 'start' | 'expect'> {
  starts: Pick<StartAttributor, Call>;
}
/** Waits for events of the engine. */
export interface SeesEvents {
  watch: Pick<EngineWatch, 'next'>;
}
export interface TakesTime {
  clock: Clock;
}
/** Changes a proxy and reads its state. */
export interface UsesProxy {
  proxies: Pick<LabProxies, 'state' | 'addToxic' | 'removeToxic' | 'setEnabled'>;
}
/** Has the load generator carry out a load fault. */
export interface UsesLoad<Call extends keyof LoadClient> {
  load: Pick<LoadClient, Call>;
}
/** Sends probes through a proxy and directly. */
export interface SendsProbes {
  proxies: Pick<LabProxies, 'probes'>;
}

/** A planned fault with the parameters of its kind. */
export type Fault<Params = FaultParams> = Omit<PlannedFault, 'params'> & { params: Params };

/** The minimum that a kind saves: the full id of its container, or null without one. */
export interface SavedBase {
  containerId: string | null;
}
export const savedProxy = z.strictObject({ containerId: z.null() });
export const savedContainer = z.strictObject({ containerId: z.string() });
export type SavedContainer = z.infer<typeof savedContainer>;

export interface ActiveFault<Params = FaultParams, Saved = SavedBase> {
  fault: Fault<Params>;
  saved: Saved;
  /** The engine watch's position before the injection. */
  mark: number;
}

export interface Injected {
  /** The engine's action on the container that was the injection, which happened at its time. */
  engineAction?: string;
}
export interface EffectCheck {
  effect: 'confirmed' | 'absent';
  evidence: string;
}
export interface RevertCheck {
  verified: boolean;
  evidence: string;
}
/** Whether the state that a fault created still exists. */
export interface ReadBack {
  inPlace: boolean;
  evidence: string;
}

export interface FaultFunctions<Params = FaultParams, Tools = FaultTools, Saved extends SavedBase = SavedBase> {
  /** Schema of what `prepare` returns. */
  saved: z.ZodType<Saved>;
  /** Checks that the fault is possible now, and returns everything that a revert needs. */
  prepare(tools: Tools, fault: Fault<Params>, signal: AbortSignal): Promise<Saved>;
  inject(tools: Tools, active: ActiveFault<Params, Saved>, signal: AbortSignal): Promise<Injected>;
  /** Checks the effect by an independent observation. Must not trust the injection's own result. */
  checkEffect(tools: Tools, active: ActiveFault<Params, Saved>, signal: AbortSignal): Promise<EffectCheck>;
  /** Idempotent; a no-op if already reverted. */
  revert(tools: Tools, active: ActiveFault<Params, Saved>, signal: AbortSignal): Promise<void>;
  verifyReverted(tools: Tools, active: ActiveFault<Params, Saved>, signal: AbortSignal): Promise<RevertCheck>;
  /**
   * Reads back whether the fault's state is still in place, once its effect was confirmed.
   * Undefined for an instant kind, which leaves no state.
   */
  readBack?(tools: Tools, active: ActiveFault<Params, Saved>, signal: AbortSignal): Promise<ReadBack>;
  /**
   * The read-back starts a program in the target, so it runs once before the revert, not every
   * second.
   */
  readBackIsCostly?: true;
  /**
   * With `readBack`, for a kind on containers: the engine's actions on the target that may end the
   * state. The latest of them decides what ended it. Undefined if nothing outside can end it.
   */
  endedBy?: readonly string[];

  // Hooks of a kind that needs more. The registry and the reconciler name no kind.

  /** The target died while the fault is active: true reverts it before the target restarts. */
  onTargetDied?(active: ActiveFault<Params, Saved>): boolean;
  /** An instant fault left its target down: true has the end of the run start it. */
  pendingRestart?(active: ActiveFault<Params, Saved>): boolean;
  /**
   * Restores what this kind changes on a target without an active fault of the kind, for example
   * after an unclean end. Returns what it restored, or null.
   */
  restoreOriginal?(tools: Tools, target: string, signal: AbortSignal): Promise<string | null>;
}
