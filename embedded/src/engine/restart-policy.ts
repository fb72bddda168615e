/**
 * Docker's restart policy as a pure function: a delay of 100 ms, doubled after each exit up to
 * 60 s, and reset once the program has run for 10 s. An operator's stop disarms it until an
 * operator's start.
 */
import type { RestartPolicyName } from './container-spec.ts';

const firstDelayMs = 100;
const maxDelayMs = 60_000;
const healthyMs = 10_000;

export interface RestartState {
  readonly armed: boolean;
  /** Delay before the last restart; 0 before the first. */
  readonly delayMs: number;
}

export const freshRestartState: RestartState = { armed: true, delayMs: 0 };

export function afterExit(
  policy: RestartPolicyName,
  state: RestartState,
  exit: { code: number; livedMs: number },
): { restart: boolean; state: RestartState } {
  const wanted = policy === 'always' || (policy === 'on-failure' && exit.code !== 0);
  if (!state.armed || !wanted) return { restart: false, state };
  const before = exit.livedMs >= healthyMs ? 0 : state.delayMs;
  const delayMs = before === 0 ? firstDelayMs : Math.min(maxDelayMs, before * 2);
  return { restart: true, state: { armed: true, delayMs } };
}
