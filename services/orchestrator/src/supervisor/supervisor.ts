/**
 * The supervisor's loop: observes the targets and starts them through the chaos service, and
 * records its actions.
 */
import type { EncoreEvent, Target, TargetState } from '@encore/contracts';
import { type Clock, describeError, EncoreError } from '@encore/kit';
import type { ServiceClients } from '../service-clients.ts';
import type { ServerObservation } from './server-watcher.ts';
import { type Action, newWatchedTarget, type SupervisorLimits, supervise } from './supervise.ts';

export interface SupervisorOptions {
  runId: string;
  clients: ServiceClients;
  /** Whether it may act on a target. */
  supervises: (target: Target) => boolean;
  /** The latest observation of a target; null if only the engine reports on it. */
  observe: (target: Target) => ServerObservation | null;
  clock: Clock;
  record: (event: EncoreEvent) => void;
  onTargets?: (targets: readonly TargetState[]) => void;
  limits: SupervisorLimits;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #watched = new Map<Target, ReturnType<typeof newWatchedTarget>>();
  /**
   * The last recorded refusal per target, so that a long fault produces one event and not
   * thousands.
   */
  readonly #recordedRefusals = new Map<Target, string>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /**
   * Observes all targets once, and starts or restarts those that need it. Other components report a
   * chaos service that does not respond.
   */
  async step(signal: AbortSignal): Promise<void> {
    const { clients, supervises, observe, clock, onTargets, limits } = this.#options;
    const targets = await clients.targets({ signal, timeoutMs: 2_000 }).catch(() => []);
    onTargets?.(targets);
    for (const { target, status } of targets) {
      if (!supervises(target)) continue;
      const observation = observe(target);
      const seen = {
        at: clock.now(),
        status,
        answered: observation?.answered ?? null,
        ready: observation?.ready ?? null,
      };
      const before = this.#watched.get(target) ?? newWatchedTarget(limits);
      const { next, action } = supervise(before, seen, limits);
      this.#watched.set(target, next);
      if (next.exitedSince === null && action === null && observation?.ready !== false)
        this.#recordedRefusals.delete(target);
      if (action === null) continue;
      const refused = await this.#carryOut(target, action, signal);
      // A refusal because of an active fault must not delay the action after the fault.
      if (refused) {
        const { exitedSince, backOffMs } = before;
        this.#watched.set(target, {
          ...next,
          exitedSince,
          backOffMs,
          waitUntil: clock.now() + limits.retryAfterRefusalMs,
        });
      }
    }
  }

  /** Returns true if the injector refused. */
  async #carryOut(target: Target, { action, reason }: Action, signal: AbortSignal): Promise<boolean> {
    const { clients, runId, clock, record } = this.#options;
    const common = { type: 'supervisor_acted', target, action, reason } as const;
    try {
      await clients.startTarget(target, action, { runId, reason }, { signal });
      this.#recordedRefusals.delete(target);
      record({ ...common, at: clock.now(), result: 'done' });
      return false;
    } catch (error) {
      if (signal.aborted) return false;
      const detail = describeError(error);
      const refused = error instanceof EncoreError && error.status === 409;
      if (refused && this.#recordedRefusals.get(target) === detail) return true;
      if (refused) this.#recordedRefusals.set(target, detail);
      record({ ...common, at: clock.now(), result: refused ? 'refused' : 'failed', detail });
      return refused;
    }
  }
}
