/** Durations of a run that follow from its config alone. */
import { type FaultKind, type FaultParams, isInstant, type RunConfig } from '@encore/contracts';

export const steadySecondsOf = (config: Pick<RunConfig, 'hours' | 'rampSeconds'>): number =>
  Math.max(0, Math.round((config.hours * 3_600 - config.rampSeconds) * 1_000) / 1_000);

/**
 * Time between the end of the last fault and the end of the steady phase: the recovery limit, or
 * less in a short run, but at least 10 s.
 */
export const lastRecoverySeconds = (config: RunConfig): number =>
  Math.min(config.recoveryTimeoutSeconds, Math.max(10, steadySecondsOf(config) * 0.06));

/**
 * Recovery time after a fault, in which nothing else is planned. After a fault that is reverted, 8
 * s show the return to normal: up to 1 s to the first correct response, up to 1 s to the next full
 * second, and 5 normal seconds. A smoke run allows only 3 s: with 5 s, one seed in five would be
 * left with only one network fault; with 8 s, nine in ten.
 */
export function recoveryMsAfter(
  { killIntervalMinutes, recoveryTimeoutSeconds }: RunConfig,
  fault: { kind: FaultKind; params: FaultParams },
): number {
  const killIntervalSeconds = killIntervalMinutes * 60;
  const seconds = isInstant(fault)
    ? Math.min(recoveryTimeoutSeconds, Math.max(10, killIntervalSeconds / 4))
    : Math.min(8, Math.max(3, killIntervalSeconds / 15));
  return Math.round(seconds * 1_000);
}
