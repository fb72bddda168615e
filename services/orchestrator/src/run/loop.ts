/** Does something again and again until it is told to stop. */
import type { Clock } from '@encore/kit';

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
