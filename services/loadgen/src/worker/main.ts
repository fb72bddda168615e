/**
 * Runs a workload in a worker thread. What its code throws outside a call is reported, too, and
 * so is the delay of its event loop.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '@encore/kit/clock';
import { guardGlobals, problemOfGlobals } from './global-guard.ts';
import { watchHeap } from './heap-watch.ts';
import { locationOf } from './location.ts';
import type { FromWorker, WorkerOptions } from './messages.ts';
import { serveWorkload } from './serve-workload.ts';

const loopDelayEveryMs = 5_000;
const globalsEveryMs = 250;
const resolutionMs = 10;

if (parentPort !== null) {
  const options = workerData as WorkerOptions;
  const send = (message: FromWorker) => parentPort?.postMessage(message);
  const report = (where: string) => (error: unknown) => {
    const at = systemClock.now();
    send({ type: 'failed', failure: { fromAt: at, toAt: at, where, ...locationOf(error, options.workload) } });
  };
  process.on('uncaughtException', report('an uncaught exception'));
  process.on('unhandledRejection', report('an unhandled rejection'));
  const exit: typeof process.exit = Reflect.get(process, 'reallyExit').bind(process);
  for (const name of ['exit', 'reallyExit', 'kill'])
    Reflect.set(process, name, () => {
      throw new Error(`process.${name} would end the users of the load generator; throw an error, or return`);
    });
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  setInterval(() => {
    // The histogram contains the monitor's own interval; the rest is delay.
    send({ type: 'loop_delay', p99Ms: Math.max(0, delay.percentile(99) / 1e6 - resolutionMs) });
    delay.reset();
  }, loopDelayEveryMs).unref();
  const restore = guardGlobals();
  setInterval(() => {
    const changed = restore();
    if (changed.length === 0) return;
    const at = systemClock.now();
    const problem = problemOfGlobals(changed, options.workload);
    send({ type: 'failed', failure: { fromAt: at - globalsEveryMs, toAt: at, where: 'thread', ...problem } });
  }, globalsEveryMs).unref();
  const checkHeap = watchHeap(options.workload, (location) => send({ type: 'heap', location }), exit);
  await serveWorkload(parentPort, options, systemClock, checkHeap);
}
