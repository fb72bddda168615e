/**
 * Runs a workload in a worker thread. What its code throws outside a call is reported, too, and
 * so is the delay of its event loop.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '@encore/kit/clock';
import { watchHeap } from './heap-watch.ts';
import { locationOf } from './location.ts';
import type { FromWorker, WorkerOptions } from './messages.ts';
import { serveWorkload } from './serve-workload.ts';

const loopDelayEveryMs = 5_000;
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
  process.exit = () => {
    throw new Error('process.exit would end the users of the load generator; throw an error, or return');
  };
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  setInterval(() => {
    // The histogram contains the monitor's own interval; the rest is delay.
    send({ type: 'loop_delay', p99Ms: Math.max(0, delay.percentile(99) / 1e6 - resolutionMs) });
    delay.reset();
  }, loopDelayEveryMs).unref();
  const checkHeap = watchHeap(options.workload, (location) => send({ type: 'heap', location }));
  await serveWorkload(parentPort, options, systemClock, checkHeap);
}
