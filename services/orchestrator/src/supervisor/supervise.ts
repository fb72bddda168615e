/**
 * Decides when the supervisor starts or restarts a target: a pure step per target, from an
 * observation to an action. Leaves a target alone while the engine restarts it.
 */
import type { TargetState } from '@encore/contracts';

export interface SupervisorLimits {
  /** After this long in `exited` or `dead`, the restart policy will not start the target. */
  exitedMs: number;
  /** Time without any response: frozen or hanging. */
  silentMs: number;
  /** Time with responses, but not ready. Long, because a dependency may be the cause. */
  notReadyMs: number;
  /** Pause after an action; doubles up to the maximum while the target stays unhealthy. */
  backOffMs: number;
  maxBackOffMs: number;
  /** Pause after a refusal, for example because an active fault forbids the start. */
  retryAfterRefusalMs: number;
}

export const supervisorLimits: SupervisorLimits = {
  exitedMs: 2_000,
  silentMs: 8_000,
  notReadyMs: 45_000,
  backOffMs: 2_000,
  maxBackOffMs: 30_000,
  retryAfterRefusalMs: 1_000,
};

export interface Observation {
  at: number;
  status: TargetState['status'];
  /** Null for a target without a watcher, such as the database. */
  answered: boolean | null;
  ready: boolean | null;
}

export interface WatchedTarget {
  exitedSince: number | null;
  silentSince: number | null;
  notReadySince: number | null;
  /** No action before this time. */
  waitUntil: number;
  backOffMs: number;
}

export type Action = { action: 'start' | 'restart'; reason: string };

export function newWatchedTarget(limits: SupervisorLimits): WatchedTarget {
  return { exitedSince: null, silentSince: null, notReadySince: null, waitUntil: 0, backOffMs: limits.backOffMs };
}

export function supervise(
  before: WatchedTarget,
  seen: Observation,
  limits: SupervisorLimits,
): { next: WatchedTarget; action: Action | null } {
  const exited = seen.status === 'exited' || seen.status === 'dead';
  const alive = seen.status === 'running' || seen.status === 'paused';
  const since = (start: number | null, bad: boolean): number | null => (bad ? (start ?? seen.at) : null);
  const next: WatchedTarget = {
    ...before,
    exitedSince: since(before.exitedSince, exited),
    silentSince: since(before.silentSince, alive && seen.answered === false),
    notReadySince: since(before.notReadySince, alive && seen.ready === false),
  };
  const isHealthy = alive && seen.answered !== false && seen.ready !== false;
  if (isHealthy) next.backOffMs = limits.backOffMs;
  const action = seen.at < before.waitUntil ? null : decide(next, seen, limits);
  if (action === null) return { next, action };
  // Restart the timers, so that the target has its full time to recover before the next action.
  next.exitedSince = null;
  next.silentSince = null;
  next.notReadySince = null;
  next.waitUntil = seen.at + before.backOffMs;
  next.backOffMs = Math.min(limits.maxBackOffMs, before.backOffMs * 2);
  return { next, action };
}

function decide(target: WatchedTarget, seen: Observation, limits: SupervisorLimits): Action | null {
  const lasted = (since: number | null, limitMs: number): boolean => since !== null && seen.at - since >= limitMs;
  if (lasted(target.exitedSince, limits.exitedMs))
    return { action: 'start', reason: `${seen.status} for ${limits.exitedMs / 1_000} s` };
  if (lasted(target.silentSince, limits.silentMs))
    return { action: 'restart', reason: `${seen.status}, but no response for ${limits.silentMs / 1_000} s` };
  if (lasted(target.notReadySince, limits.notReadyMs))
    return { action: 'restart', reason: `${seen.status}, but not ready for ${limits.notReadyMs / 1_000} s` };
  return null;
}
