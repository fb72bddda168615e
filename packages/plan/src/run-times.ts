/** Times of a run that follow from its config alone. */
import type { FaultKind, RunConfig } from '@encore/contracts';
import { kindTiming } from './kind-timing.ts';

export const steadySecondsOf = (config: Pick<RunConfig, 'hours' | 'rampSeconds'>): number =>
  Math.max(0, Math.round((config.hours * 3_600 - config.rampSeconds) * 1_000) / 1_000);

/** How long before the end of steady the last fault must be over: the recovery limit; in a short run less, but 10 s at least. */
export const lastRecoverySeconds = (config: RunConfig): number =>
  Math.min(config.recoveryTimeoutSeconds, Math.max(10, steadySecondsOf(config) * 0.06));

/** Time after a fault that belongs to its recovery, so nothing else is planned there. */
export function settleMs({ killIntervalMinutes, recoveryTimeoutSeconds }: RunConfig, kind: FaultKind): number {
  const seconds = kindTiming[kind].kill
    ? Math.min(recoveryTimeoutSeconds, Math.max(10, (killIntervalMinutes * 60) / 4))
    : Math.min(5, Math.max(3, recoveryTimeoutSeconds / 12));
  return Math.round(seconds * 1_000);
}
