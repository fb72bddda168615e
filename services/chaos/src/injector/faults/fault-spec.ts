/**
 * A kind of fault is data and five small functions. What a revert needs is in `Saved`, which is on
 * disk before the injection, so that an injector can revert the faults of a killed predecessor.
 */
import type { FaultKind, PlannedFault } from '@encore/contracts';
import type { Clock } from '@encore/kit';
import { z } from 'zod';
import type { Endpoint, Engine } from '../engine.ts';
import type { EngineWatch } from '../engine-watch.ts';
import type { LabProxies } from '../lab-proxies.ts';
import type { StartLoadSpike } from '../load-spike.ts';
import type { ExchangeProbe } from '../proxy-probe.ts';
import type { ServerUser } from '../server-user.ts';
import type { StartAttributor } from '../start-attributor.ts';
import type { Targets } from '../targets.ts';

export interface FaultTools {
  engine: Engine;
  targets: Targets;
  watch: EngineWatch;
  proxies: LabProxies;
  exchange: ExchangeProbe;
  startLoadSpike: StartLoadSpike;
  user: ServerUser;
  /** Host of Toxiproxy, where proxies listen on all addresses. */
  proxyHost: string;
  starts: StartAttributor;
  clock: Clock;
}

export const savedSchema = z.strictObject({
  /** Full id of the target container. */
  containerId: z.string().optional(),
  restartCount: z.number().optional(),
  /** The limit to set, and the limits before it. */
  limitBytes: z.number().optional(),
  cpus: z.number().optional(),
  takenBytes: z.number().optional(),
  /** Scores that were stored or are about to be. */
  scoreIds: z.array(z.string()).optional(),
  /**
   * Planned end in epoch milliseconds; an earlier revert does not wait for what only time can end.
   */
  untilMs: z.number().optional(),
  /** The networks that the container left, by name. */
  endpoints: z
    .record(z.string(), z.object({ networkId: z.string(), aliases: z.array(z.string()), fixedAddress: z.string() }))
    .optional(),
});
export type Saved = z.infer<typeof savedSchema> & { endpoints?: Record<string, Endpoint> | undefined };

export interface ActiveFault {
  fault: PlannedFault;
  saved: Saved;
  /** The engine watch's position before the injection. */
  mark: number;
}

export interface Injected {
  /** The engine's time of the injection in epoch milliseconds, if reported. */
  engineAtMs?: number | undefined;
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

export interface FaultSpec {
  kind: FaultKind;
  /** Leaves nothing to revert. With a planned duration, the fault is kept active nevertheless. */
  instant: boolean;
  /** Forbids starts and restarts of the target while active. */
  forbidsStart: boolean;
  /** Texts for docs/FAULTS.md. */
  does: string;
  revertedBy: string;
  userSees: string;
  pitfalls: string;
  prepare(tools: FaultTools, fault: PlannedFault, signal: AbortSignal): Promise<Saved>;
  inject(tools: FaultTools, active: ActiveFault, signal: AbortSignal): Promise<Injected>;
  /** Checks the effect by an independent observation. Must not trust the injection's own result. */
  checkEffect(tools: FaultTools, active: ActiveFault, signal: AbortSignal): Promise<EffectCheck>;
  /**
   * Reads back whether the fault's state is still in place, once its effect was confirmed.
   * Undefined where there is no state, and where nothing external could end it: a spike runs in
   * this process, and a stall ends by the breaker's open time.
   */
  readBack?: (tools: FaultTools, active: ActiveFault, signal: AbortSignal) => Promise<ReadBack>;
  /**
   * The read-back starts a program in the target, so it runs once before the revert, not every
   * second.
   */
  readBackIsCostly?: true;
  /** Idempotent; a no-op if already reverted. */
  revert(tools: FaultTools, active: ActiveFault, signal: AbortSignal): Promise<void>;
  verifyReverted(tools: FaultTools, active: ActiveFault, signal: AbortSignal): Promise<RevertCheck>;
}
