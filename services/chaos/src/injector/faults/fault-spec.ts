/**
 * A kind of fault is data and five small functions. Nothing is kept in closures: what an undo needs stands in `Saved`,
 * which is on disk before the act, so that an injector that was killed can undo what it did in its former life.
 */
import type { FaultKind, PlannedFault } from '@encore/contracts';
import type { Clock } from '@encore/kit';
import { z } from 'zod';
import type { Endpoint, Engine } from '../engine.ts';
import type { EngineWatch } from '../engine-watch.ts';
import type { ExchangeProbe } from '../link-probe.ts';
import type { Links } from '../links.ts';
import type { ServerUser } from '../server-user.ts';
import type { StartBook } from '../start-book.ts';
import type { StartSurge } from '../surge.ts';
import type { Targets } from '../targets.ts';

export interface FaultTools {
  engine: Engine;
  targets: Targets;
  watch: EngineWatch;
  links: Links;
  exchange: ExchangeProbe;
  startSurge: StartSurge;
  user: ServerUser;
  /** Where Toxiproxy can be reached; links listen on all addresses there. */
  proxyHost: string;
  starts: StartBook;
  clock: Clock;
}

export const savedSchema = z.strictObject({
  /** The full id of the container that the fault was aimed at. */
  containerId: z.string().optional(),
  restartCount: z.number().optional(),
  /** The limit to be set, and those before it. */
  limitBytes: z.number().optional(),
  cpus: z.number().optional(),
  takenBytes: z.number().optional(),
  /** Scores that were stored, or are about to be. */
  scoreIds: z.array(z.string()).optional(),
  /** When it is to be over; an undo before that does not wait for what only time can end. */
  untilMs: z.number().optional(),
  /** The networks that the container left, by name. */
  endpoints: z
    .record(z.string(), z.object({ networkId: z.string(), aliases: z.array(z.string()), fixedAddress: z.string() }))
    .optional(),
});
export type Saved = z.infer<typeof savedSchema> & { endpoints?: Record<string, Endpoint> | undefined };

export interface Deed {
  fault: PlannedFault;
  saved: Saved;
  /** The watch's mark from before the act. */
  mark: number;
}

export interface Acted {
  /** The engine's own time of the act, where it told one. */
  engineAtMs?: number | undefined;
}
export interface Bite {
  bit: 'yes' | 'no';
  evidence: string;
}
export interface Undone {
  verified: boolean;
  evidence: string;
}

/** Whether the state that a fault made is still there. */
export interface ReadBack {
  inPlace: boolean;
  evidence: string;
}

export interface FaultSpec {
  kind: FaultKind;
  /** Nothing is held afterwards. A fault with a duration is held even so. */
  instant: boolean;
  /** Nobody may start or restart the target while it is held. */
  forbidsStart: boolean;
  /** For docs/FAULTS.md, in plain sentences. */
  does: string;
  undoneBy: string;
  userSees: string;
  pitfalls: string;
  prepare(tools: FaultTools, fault: PlannedFault, signal: AbortSignal): Promise<Saved>;
  act(tools: FaultTools, deed: Deed, signal: AbortSignal): Promise<Acted>;
  /** An observation from outside. It must not trust the act's own answer. */
  bite(tools: FaultTools, deed: Deed, signal: AbortSignal): Promise<Bite>;
  /**
   * Reads back whether the fault's state is still in place, once its effect was confirmed. Absent where nothing is held, and
   * where nobody else could end it: a surge runs in this process, and a stall ends by the breaker's own time.
   */
  readBack?: (tools: FaultTools, deed: Deed, signal: AbortSignal) => Promise<ReadBack>;
  /** Reading it back starts a program in the target, so it is done once, before the revert, and not every second. */
  readBackIsCostly?: true;
  /** Idempotent, and content when it is so already. */
  undo(tools: FaultTools, deed: Deed, signal: AbortSignal): Promise<void>;
  verify(tools: FaultTools, deed: Deed, signal: AbortSignal): Promise<Undone>;
}
