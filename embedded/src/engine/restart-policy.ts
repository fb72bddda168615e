/**
 * Docker's restart policy as a pure function: a delay of 100 ms, doubled after each exit up to
 * 60 s, and reset once the program has run for 10 s. The number of `on-failure:3` limits the
 * restarts since an operator's start. An operator's stop disarms the policy until such a start.
 */
import type { RestartPolicyText } from './container-spec.ts';

const firstDelayMs = 100;
const maxDelayMs = 60_000;
const healthyMs = 10_000;

export interface RestartState {
  readonly armed: boolean;
  /** Delay before the last restart; 0 before the first. */
  readonly delayMs: number;
  /** Since an operator's start. */
  readonly restarts: number;
}

export const freshRestartState: RestartState = { armed: true, delayMs: 0, restarts: 0 };

/** `maxRestarts` is 0 for no limit, as in Docker's API. */
export function parsePolicy(text: RestartPolicyText): { name: string; maxRestarts: number } {
  const [name = text, limit = '0'] = text.split(':');
  return { name, maxRestarts: Number(limit) };
}

export function afterExit(
  policy: RestartPolicyText,
  state: RestartState,
  exit: { code: number; livedMs: number },
): { restart: boolean; state: RestartState } {
  const { name, maxRestarts } = parsePolicy(policy);
  const isWithinLimit = maxRestarts === 0 || state.restarts < maxRestarts;
  const wanted = name === 'always' || (name === 'on-failure' && exit.code !== 0 && isWithinLimit);
  if (!state.armed || !wanted) return { restart: false, state };
  const before = exit.livedMs >= healthyMs ? 0 : state.delayMs;
  const delayMs = before === 0 ? firstDelayMs : Math.min(maxDelayMs, before * 2);
  return { restart: true, state: { armed: true, delayMs, restarts: state.restarts + 1 } };
}
