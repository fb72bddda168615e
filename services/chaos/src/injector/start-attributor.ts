/**
 * Attributes each container start to whatever requested it. Every start by the injector is recorded
 * before it is made. Any other start was made by the restart policy if the engine's RestartCount
 * rose, otherwise by something external.
 */
import type { Actor, Target } from '@encore/contracts';
import type { Clock } from '@encore/kit';
import type { ContainerView, Engine, EngineEvent } from './engine.ts';
import type { EngineWatch } from './engine-watch.ts';
import { OwnStops } from './own-stops.ts';
import type { Targets } from './targets.ts';

/** A start requested longer ago than this does not explain a start that happens now. */
const validMs = 60_000;

export interface RequestedStart {
  containerId: string;
  actor: Actor;
  reason: string;
  at: number;
}

/** The part of the journal that keeps requested starts. */
interface StartLog {
  readonly requestedStarts: readonly RequestedStart[];
  write(line: RequestedStart & { line: 'start_requested'; target: Target }): Promise<void>;
}

export interface Attribution {
  actor: Actor;
  reason: string;
  /** Epoch milliseconds; absent unless the injector requested the start. */
  requestedAt?: number;
}

export class StartAttributor {
  readonly ownStops: OwnStops;
  readonly #engine: Engine;
  readonly #targets: Targets;
  readonly #journal: StartLog;
  readonly #clock: Clock;
  readonly #asked = new Map<string, RequestedStart>();
  readonly #restartCounts = new Map<string, number>();
  readonly #last = new Map<string, { actor: Actor; atMs: number }>();

  constructor(engine: Engine, targets: Targets, journal: StartLog, watch: EngineWatch, clock: Clock) {
    this.ownStops = new OwnStops(watch, clock);
    this.#engine = engine;
    this.#targets = targets;
    this.#journal = journal;
    this.#clock = clock;
    for (const asked of journal.requestedStarts) this.#asked.set(asked.containerId, asked);
  }

  async expect(containerId: string, target: Target, actor: Actor, reason: string): Promise<void> {
    const before = this.#asked.get(containerId);
    // A restart that did not complete in time has already stopped the container: its request, not
    // the next one, explains that.
    const at = before && this.#isValid(before) ? before.at : this.#clock.now();
    const asked = { containerId, actor, reason, at };
    await this.#journal.write({ line: 'start_requested', target, ...asked });
    this.#asked.set(containerId, asked);
    this.ownStops.expect(containerId);
  }

  async start(view: ContainerView, actor: Actor, reason: string, signal: AbortSignal): Promise<void> {
    await this.expect(view.id, this.#targets.nameOf(view), actor, reason);
    await this.#engine.start(view.id, signal);
  }

  async restart(view: ContainerView, actor: Actor, reason: string, signal: AbortSignal): Promise<void> {
    await this.expect(view.id, this.#targets.nameOf(view), actor, reason);
    await this.#engine.restart(view.id, signal);
  }

  restartCount(containerId: string): number | undefined {
    return this.#restartCounts.get(containerId);
  }

  learn(containerId: string, restartCount: number): void {
    this.#restartCounts.set(containerId, restartCount);
  }

  /** Actor and the engine's time of the container's last attributed start. */
  last(containerId: string): { actor: Actor; atMs: number } | undefined {
    return this.#last.get(containerId);
  }

  /** Call once per start event, with the RestartCount that the engine reports after it. */
  attribute({ containerId, atMs }: EngineEvent, restartCount: number): Attribution {
    const by = this.#attribute(containerId, restartCount);
    this.#last.set(containerId, { actor: by.actor, atMs });
    return by;
  }

  #attribute(containerId: string, restartCount: number): Attribution {
    const before = this.#restartCounts.get(containerId) ?? 0;
    this.#restartCounts.set(containerId, restartCount);
    if (restartCount > before)
      return { actor: 'restart-policy', reason: `RestartCount rose from ${before} to ${restartCount}` };
    const asked = this.#asked.get(containerId);
    this.#asked.delete(containerId);
    if (asked && this.#isValid(asked)) return { actor: asked.actor, reason: asked.reason, requestedAt: asked.at };
    return { actor: 'external', reason: 'a start that neither Encore nor the restart policy made' };
  }

  #isValid({ at }: RequestedStart): boolean {
    return this.#clock.now() - at < validMs;
  }
}
