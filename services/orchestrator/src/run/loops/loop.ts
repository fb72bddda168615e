import type { Clock } from '@encore/kit';

/**
 * Repeats `step` with a pause of `everyMs` until the signal is aborted. Errors: a step handles those
 * that it expects. Any other error ends the loop and rejects the promise, so the caller decides what
 * it means; in a run, Background ends the run (see there).
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
