/**
 * Generates a load spike with autocannon, in a separate thread: the event loop of the load
 * generator's main thread measures the probes. Reports the number of responses so far.
 */
import { parentPort, workerData } from 'node:worker_threads';
import autocannon from 'autocannon';
import { guardConnections } from '../guarded-connections.ts';
import type { SpikeOptions } from './spike.ts';

const connections = 50;
const everyMs = 100;

let answers = 0;
const { url, method, headers, body, requestsPerSecond, seconds } = workerData as SpikeOptions;
const report = () => parentPort?.postMessage(answers);
const timer = setInterval(report, everyMs);
// With a callback, autocannon returns the running instance instead of a promise of its result.
const instance = autocannon(
  {
    url,
    method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : Buffer.from(body) }),
    connections: Math.min(connections, requestsPerSecond),
    duration: seconds,
    overallRate: requestsPerSecond,
    // Otherwise a dead server would cause reconnects without a pause, at the cost of a core and
    // memory.
    setupClient: guardConnections(() => {}),
  },
  () => {
    clearInterval(timer);
    report();
    parentPort?.close();
  },
);
instance.on('response', () => {
  answers += 1;
});
report();
