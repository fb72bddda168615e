/** Replaces waiting: timers of the global scope and Date, moved on by the test. */
import { mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';

const stepMs = 100;
const maxMs = 600_000;

/** Starts the work when time is under control, and moves time on until the work ends. */
export async function inMockedTime<Value>(work: () => Promise<Value>): Promise<Value> {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  try {
    let isOver = false;
    const result = work().finally(() => {
      isOver = true;
    });
    result.catch(() => {});
    for (let passedMs = 0; !isOver; passedMs += stepMs) {
      if (passedMs > maxMs) throw new Error(`the work did not end within ${maxMs / 1_000} s of mocked time`);
      mock.timers.tick(stepMs);
      await turn();
    }
    return await result;
  } finally {
    mock.timers.reset();
  }
}

/** In the place of the kit's, which keeps the timers of the module that it imports. */
export const sleepOfMockedTime = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
