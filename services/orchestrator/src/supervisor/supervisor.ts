/** The health monitor's loop: looks at the targets through the injector, asks the injector to help, writes down what it did. */
import type { EncoreEvent, Target, TargetState } from '@encore/contracts';
import { type Clock, describeError, EncoreError } from '@encore/kit';
import type { Peers } from '../run/peers.ts';
import type { ServerWatch } from './server-watch.ts';
import { type Act, newWatchedTarget, type SupervisorLimits, supervise, supervisorLimits } from './supervise.ts';

export interface SupervisorOptions {
  runId: string;
  peers: Peers;
  watch: ServerWatch;
  clock: Clock;
  record: (event: EncoreEvent) => void;
  onTargets?: (targets: readonly TargetState[]) => void;
  limits?: SupervisorLimits;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #limits: SupervisorLimits;
  readonly #watched = new Map<Target, ReturnType<typeof newWatchedTarget>>();
  /** The last refusal told per target, so that a lease of an hour gives one line and not thousands. */
  readonly #toldRefusals = new Map<Target, string>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#limits = options.limits ?? supervisorLimits;
  }

  /** One look at all targets, with what follows from it. A chaos service that does not answer is noticed by others. */
  async step(signal: AbortSignal): Promise<void> {
    const { peers, watch, clock, onTargets } = this.#options;
    const targets = await peers.targets({ signal, timeoutMs: 2_000 }).catch(() => []);
    onTargets?.(targets);
    for (const { target, status } of targets) {
      const sight = target === 'server' ? watch.sight : null;
      const seen = { at: clock.now(), status, answered: sight?.answered ?? null, ready: sight?.ready ?? null };
      const before = this.#watched.get(target) ?? newWatchedTarget(this.#limits);
      const { next, act } = supervise(before, seen, this.#limits);
      this.#watched.set(target, next);
      if (next.exitedSince === null && act === null && sight?.ready !== false) this.#toldRefusals.delete(target);
      if (act === null) continue;
      const refused = await this.#help(target, act, signal);
      // A lease says that the harm is meant, which says nothing about the help that comes after it.
      if (refused) {
        const { exitedSince, backOffMs } = before;
        this.#watched.set(target, {
          ...next,
          exitedSince,
          backOffMs,
          waitUntil: clock.now() + this.#limits.askAgainMs,
        });
      }
    }
  }

  /** True when the injector refused. */
  async #help(target: Target, { act, reason }: Act, signal: AbortSignal): Promise<boolean> {
    const { peers, runId, clock, record } = this.#options;
    const common = { type: 'supervisor_acted', target, act, reason } as const;
    try {
      await peers.startTarget(target, act, { runId, reason }, { signal });
      this.#toldRefusals.delete(target);
      record({ ...common, at: clock.now(), result: 'done' });
      return false;
    } catch (error) {
      if (signal.aborted) return false;
      const detail = describeError(error);
      const refused = error instanceof EncoreError && error.status === 409;
      if (refused && this.#toldRefusals.get(target) === detail) return true;
      if (refused) this.#toldRefusals.set(target, detail);
      record({ ...common, at: clock.now(), result: refused ? 'refused' : 'failed', detail });
      return refused;
    }
  }
}
