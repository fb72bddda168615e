/** Starts the thread in which a workload runs, apart from the probe, the ledger and the figures. */
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { locateThread } from './thread-location.ts';
import { externalExitCode, heapExitCode } from './worker/heap-watch.ts';
import { folderOf } from './worker/location.ts';
import type { FromWorker, ToWorker, WorkerOptions } from './worker/messages.ts';

export interface WorkloadThread extends AsyncDisposable {
  post: (message: ToWorker) => void;
  onMessage: (listener: (message: FromWorker) => void) => void;
  /** Resolves when the thread has ended, with the error that ended it. */
  ended: Promise<unknown>;
  /** Where in the workload the thread is, even if it does not respond; null if unknown. */
  locate: () => Promise<string | null>;
  /** CPU time of the thread so far in milliseconds, even if it does not respond. */
  cpuMs: () => Promise<number | null>;
}

export type StartThread = (options: WorkerOptions) => WorkloadThread;

/**
 * The thread ends itself at 192 MB, after an operation. This limit is for one operation that leaks
 * more, because V8 may abort the whole process there.
 */
const maxHeapMegabytes = 256;
/** Node's error code if a thread exceeds that. */
export const outOfMemory = 'ERR_WORKER_OUT_OF_MEMORY';
const semiSpaceMegabytes = 8;
const cpuTimeoutMs = 3_000;
/** Node's exit code if nothing can settle an await at the top level. */
const unsettledAwaitCode = 13;

export function startThread(options: WorkerOptions): WorkloadThread {
  // Enlarges the thread's young generation from 2 MB, which would be collected several hundred
  // times per second, to 16 MB. A loop that creates short-lived objects then needs 40 % of the CPU
  // time that it needed before, and 15 MB more memory.
  setFlagsFromString(`--min-semi-space-size=${semiSpaceMegabytes}`);
  const worker = new Worker(new URL('./worker/main.ts', import.meta.url), {
    workerData: options,
    // Its output belongs to the workload's author; stdout of the load generator is empty.
    stdout: true,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMegabytes },
  });
  worker.stdout.pipe(process.stderr);
  const ended = new Promise<unknown>((done) => {
    worker.once('error', done);
    worker.once('exit', (code) => {
      if (code === heapExitCode) done(Object.assign(new Error('out of memory'), { code: outOfMemory }));
      else done(code === 0 ? null : new Error(whyExited(code)));
    });
  });
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (listener) => void worker.on('message', listener),
    ended,
    locate: () => locateThread(worker.threadId, folderOf(options.workload)),
    cpuMs: () => cpuMsOf(worker),
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  };
}

function whyExited(code: number): string {
  if (code === externalExitCode) return 'it used too much memory for buffers';
  return code === unsettledAwaitCode
    ? 'an await at the top level waits for something that never comes. Move it into setup'
    : `the workload's thread exited with code ${code}`;
}

/** Null if the thread does not even handle an interrupt, or has ended. */
async function cpuMsOf(worker: Worker): Promise<number | null> {
  const expired = new Promise<null>((done) => setTimeout(() => done(null), cpuTimeoutMs).unref());
  const usage = await Promise.race([worker.cpuUsage().catch(() => null), expired]);
  return usage === null ? null : (usage.user + usage.system) / 1_000;
}
