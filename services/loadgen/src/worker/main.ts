/** Runs a workload in a worker thread. What its code throws outside of a call is reported, too. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '@encore/kit/clock';
import { watchHeap } from './heap-watch.ts';
import { locationOf } from './location.ts';
import type { FromWorker, WorkerOptions } from './messages.ts';
import { serveWorkload } from './serve-workload.ts';

if (parentPort !== null) {
  const options = workerData as WorkerOptions;
  const send = (message: FromWorker) => parentPort?.postMessage(message);
  const report = (where: string) => (error: unknown) => {
    const at = systemClock.now();
    send({ type: 'failed', failure: { fromAt: at, toAt: at, where, ...locationOf(error, options.workload) } });
  };
  process.on('uncaughtException', report('an uncaught exception'));
  process.on('unhandledRejection', report('an unhandled rejection'));
  const checkHeap = watchHeap(options.workload, (location) => send({ type: 'heap', location }));
  await serveWorkload(parentPort, options, systemClock, checkHeap);
}
