/**
 * Runs a workload in the same thread, over a real message channel, so that tests can control its
 * clock and do not wait for a thread to start.
 */
import { MessageChannel } from 'node:worker_threads';
import type { Clock } from '@encore/kit';
import { serveWorkload } from '../worker/serve-workload.ts';
import type { StartThread } from '../workload-thread.ts';

export function inThread(clock: Clock): StartThread {
  return (options) => {
    const { port1, port2 } = new MessageChannel();
    const ended = serveWorkload(port2, options, clock).then(() => new Promise<never>(() => {}));
    return {
      post: (message) => port1.postMessage(message),
      onMessage: (listener) => void port1.on('message', listener),
      ended,
      locate: async () => null,
      cpuMs: async () => null,
      [Symbol.asyncDispose]: async () => {
        port1.close();
        port2.close();
      },
    };
  };
}
