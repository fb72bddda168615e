/**
 * Stops waiting for workload code that never ends, because it waits for something that never comes.
 * The code itself cannot be stopped, but its user continues.
 */
import { hungMs } from '@encore/contracts/load-limits';

const everyMs = 1_000;

interface Watched {
  now: () => number;
  /** When the requests of the code expire; null if it waits for its planned start. */
  deadlineAt: () => number | null;
}

/** Ends like `code`, or rejects some seconds after the deadline. */
export async function untilHung<Value>(code: Promise<Value> | Value, { now, deadlineAt }: Watched): Promise<Value> {
  if (!(code instanceof Promise)) return code;
  const hung = Promise.withResolvers<never>();
  let isLate = false;
  const check = () => {
    const at = deadlineAt();
    // Late twice: a thread that got no CPU handles its responses before the second time.
    if (at !== null && now() >= at + hungMs && isLate) {
      const seconds = hungMs / 1_000;
      hung.reject(
        new Error(`it did not end within ${seconds} s of its deadline; wait only for requests, or with a timeout`),
      );
    }
    isLate = at !== null && now() >= at + hungMs;
  };
  const timer = setInterval(check, everyMs).unref();
  try {
    return await Promise.race([code, hung.promise]);
  } finally {
    clearInterval(timer);
  }
}
