import type { Clock } from '@encore/kit';

/**
 * Repeats `step` with a pause of `everyMs` until the signal is aborted. A step handles the errors
 * that it expects. Any other error ends the loop and rejects the promise: in a run, Background then
 * ends the run.
 */
export async function loop(
  clock: Clock,
  everyMs: number,
  signal: AbortSignal,
  step: (signal: AbortSignal) => void | Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    await step(signal);
    await clock.sleep(everyMs, signal).catch(() => undefined);
  }
}
