/** Waits for a condition, with a timeout. */
import { type Clock, systemClock } from './clock.ts';
import { describeError, EncoreError } from './encore-error.ts';

export interface WaitOptions {
  timeoutMs: number;
  everyMs?: number;
  signal?: AbortSignal;
  clock?: Clock;
}

/**
 * Calls `probe` until it returns something other than undefined or false, and returns that value. A
 * probe that throws is retried. On timeout, throws TIMED_OUT (504) with the last error.
 */
export async function waitUntil<T>(
  what: string,
  probe: () => T | Promise<T>,
  options: WaitOptions,
): Promise<Exclude<T, undefined | false>> {
  const clock = options.clock ?? systemClock;
  const endsAt = clock.now() + options.timeoutMs;
  let lastError: unknown;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (clock.now() >= endsAt) {
      const why = lastError === undefined ? '' : `; last error: ${describeError(lastError)}`;
      throw new EncoreError('TIMED_OUT', `timed out after ${options.timeoutMs / 1_000} s waiting for ${what}${why}`);
    }
    await clock.sleep(options.everyMs ?? 50, options.signal);
  }
}
