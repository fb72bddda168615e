/**
 * When does the health monitor start or restart a target? A pure step per target: what was seen, in; what is to be
 * done, out. A target that the engine is restarting is left alone; a target that does not come back is helped.
 */
import type { TargetState } from '@encore/contracts';

export interface SupervisorLimits {
  /** The engine says `exited` or `dead` this long: its policy will not start it. */
  exitedMs: number;
  /** The target gives no answer at all, frozen or hanging. */
  silentMs: number;
  /** The target answers, but says that it is not ready. Long, for a dependency may be the cause. */
  notReadyMs: number;
  /** Pause after an act; doubles up to the maximum while acts do not help. */
  backOffMs: number;
  maxBackOffMs: number;
  /** Pause after a refusal, for example by the lease of a fault. */
  askAgainMs: number;
}

export const supervisorLimits: SupervisorLimits = {
  exitedMs: 2_000,
  silentMs: 8_000,
  notReadyMs: 45_000,
  backOffMs: 2_000,
  maxBackOffMs: 30_000,
  askAgainMs: 1_000,
};

export interface Observation {
  at: number;
  status: TargetState['status'];
  /** Null for a target whose answers nobody watches, such as the database. */
  answered: boolean | null;
  ready: boolean | null;
}

export interface WatchedTarget {
  exitedSince: number | null;
  silentSince: number | null;
  notReadySince: number | null;
  /** No act before this time. */
  waitUntil: number;
  backOffMs: number;
}

export type Act = { act: 'start' | 'restart'; reason: string };

export function newWatchedTarget(limits: SupervisorLimits): WatchedTarget {
  return { exitedSince: null, silentSince: null, notReadySince: null, waitUntil: 0, backOffMs: limits.backOffMs };
}

export function supervise(
  before: WatchedTarget,
  seen: Observation,
  limits: SupervisorLimits,
): { next: WatchedTarget; act: Act | null } {
  const exited = seen.status === 'exited' || seen.status === 'dead';
  const alive = seen.status === 'running' || seen.status === 'paused';
  const since = (start: number | null, bad: boolean): number | null => (bad ? (start ?? seen.at) : null);
  const next: WatchedTarget = {
    ...before,
    exitedSince: since(before.exitedSince, exited),
    silentSince: since(before.silentSince, alive && seen.answered === false),
    notReadySince: since(before.notReadySince, alive && seen.ready === false),
  };
  const well = alive && seen.answered !== false && seen.ready !== false;
  if (well) next.backOffMs = limits.backOffMs;
  const act = seen.at < before.waitUntil ? null : decide(next, seen, limits);
  if (act === null) return { next, act };
  // The clocks begin anew, so that a target has its full time to come back before it is helped again.
  next.exitedSince = null;
  next.silentSince = null;
  next.notReadySince = null;
  next.waitUntil = seen.at + before.backOffMs;
  next.backOffMs = Math.min(limits.maxBackOffMs, before.backOffMs * 2);
  return { next, act };
}

function decide(target: WatchedTarget, seen: Observation, limits: SupervisorLimits): Act | null {
  const lasted = (since: number | null, limitMs: number): boolean => since !== null && seen.at - since >= limitMs;
  if (lasted(target.exitedSince, limits.exitedMs))
    return { act: 'start', reason: `${seen.status} for ${limits.exitedMs / 1_000} s` };
  if (lasted(target.silentSince, limits.silentMs))
    return { act: 'restart', reason: `${seen.status}, but no answer for ${limits.silentMs / 1_000} s` };
  if (lasted(target.notReadySince, limits.notReadyMs))
    return { act: 'restart', reason: `${seen.status}, but not ready for ${limits.notReadyMs / 1_000} s` };
  return null;
}
