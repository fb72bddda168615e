/** Times of a run that follow from its config alone. */
import type { FaultKind, RunConfig } from '@encore/contracts';
import { kindTiming } from './kind-timing.ts';

export const steadySecondsOf = (config: Pick<RunConfig, 'hours' | 'rampSeconds'>): number =>
  Math.max(0, Math.round((config.hours * 3_600 - config.rampSeconds) * 1_000) / 1_000);

/** How long before the end of steady the last fault must be over: the recovery limit; in a short run less, but 10 s at least. */
export const lastRecoverySeconds = (config: RunConfig): number =>
  Math.min(config.recoveryTimeoutSeconds, Math.max(10, steadySecondsOf(config) * 0.06));

/**
 * Time after a fault that belongs to its recovery, so nothing else is planned there. After a fault other than a kill, 8 s show the
 * return to normal: up to 1 s until the first right answer, up to 1 s until a whole second begins, 5 normal seconds. A smoke run has
 * room for 3 s only: with 5 s, one seed in five would have a single network fault left, with 8 s nine in ten.
 */
export function settleMs({ killIntervalMinutes, recoveryTimeoutSeconds }: RunConfig, kind: FaultKind): number {
  const killIntervalSeconds = killIntervalMinutes * 60;
  const seconds = kindTiming[kind].kill
    ? Math.min(recoveryTimeoutSeconds, Math.max(10, killIntervalSeconds / 4))
    : Math.min(8, Math.max(3, killIntervalSeconds / 15));
  return Math.round(seconds * 1_000);
}
