/** A load spike that runs until it is stopped or its time is up. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { DataRequest } from '@encore/workload';

export interface SpikeOptions {
  url: string;
  method: DataRequest['method'];
  headers: Record<string, string>;
  body?: string | Uint8Array | undefined;
  requestsPerSecond: number;
  seconds: number;
}

/** A spike needs less; more would be taken from the users' workload. */
const maxHeapMegabytes = 64;

export class Spike {
  /** Responses so far. */
  answers = 0;
  isOver = false;
  readonly #worker: Worker;

  /** Resolves when the load has begun: a busy machine takes seconds to start a thread. */
  static async start(options: SpikeOptions): Promise<Spike> {
    const worker = new Worker(new URL('./spike-thread.ts', import.meta.url), {
      workerData: options,
      stdout: true,
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMegabytes },
    });
    worker.stdout.pipe(process.stderr);
    await once(worker, 'message');
    return new Spike(worker);
  }

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#worker.on('message', (answers: number) => {
      this.answers = answers;
    });
    // A failed thread ends the spike, which its next status shows.
    this.#worker.on('error', () => {});
    this.#worker.once('exit', () => {
      this.isOver = true;
    });
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
    this.isOver = true;
  }
}
