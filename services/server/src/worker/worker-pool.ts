/**
 * A few worker processes with a bounded queue. One process is kept ready; others start when the
 * running ones stay busy, and end when idle. Heavy jobs take seconds and light ones milliseconds,
 * so heavy jobs never get the last process: otherwise light jobs would queue behind them while
 * holding the server's slots. A document that kills its worker several times is quarantined, so
 * that one file cannot kill all workers. Deaths with another cause, such as memory or CPU taken
 * from the whole server, do not count.
 */
import type { Clock } from '@encore/kit';
import { EncoreError } from '@encore/kit/encore-error';
import type { Cost } from '../resilience/admission.ts';
import { overloaded, Semaphore } from '../resilience/semaphore.ts';
import { Quarantine } from './quarantine.ts';
import type { ScoreTask } from './score-task.ts';
import { isTimeout, type Job, type JobResult, WorkerProcess } from './worker-process.ts';

export interface WorkerPoolOptions {
  processes: number;
  heapMegabytes: number;
  maxQueued: number;
  maxWaitMs: number;
  idleMs: number;
  clock: Clock;
  /** Memory that the whole server may still use, in bytes. */
  freeBytes: () => number;
  /** Called when a worker ends unexpectedly, with its signal, exit code or error. */
  onDeath: (reason: string) => void;
}

/** Most jobs take a few milliseconds; a new process needs a hundred times as much CPU to start. */
const startAfterMs = 200;
const mebibyte = 1024 * 1024;

export class WorkerPool implements AsyncDisposable {
  readonly #options: WorkerPoolOptions;
  readonly #slots: Semaphore;
  readonly #heavySlots: Semaphore;
  readonly #quarantine: Quarantine;
  readonly #all = new Set<WorkerProcess>();
  #idle: { worker: WorkerProcess; timer: NodeJS.Timeout | null }[] = [];
  /** Jobs that have a slot and wait for a free process, in order. */
  readonly #waiting = new Set<(worker: WorkerProcess) => void>();
  #closed = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#quarantine = new Quarantine(options.clock);
    const { processes, maxQueued, maxWaitMs } = options;
    const queue = { maxQueued, maxWaitMs, refuse: () => overloaded('all worker processes are busy') };
    this.#slots = new Semaphore({ ...queue, slots: processes });
    this.#heavySlots = new Semaphore({ ...queue, slots: Math.max(1, processes - 1) });
  }

  get stats(): { processes: number; busy: number; queued: number; quarantined: number } {
    return {
      processes: this.#all.size,
      busy: this.#slots.taken,
      queued: this.#slots.queued + this.#heavySlots.queued,
      quarantined: this.#quarantine.size,
    };
  }

  /** Starts a process if there is none, so that the next user does not wait for it. */
  warmUp(): void {
    if (this.#alive === 0 && !this.#closed) this.#release(this.#start());
  }

  /** Runs a job. `sha256` identifies its document for the quarantine. */
  async run<Task extends ScoreTask>(
    job: Job<Task>,
    sha256: string,
    signal: AbortSignal,
    cost: Cost = 'light',
  ): Promise<JobResult<Task>> {
    this.#quarantine.check(sha256);
    using _slots = await this.#enter(signal, cost);
    return await this.#work(job, sha256, signal);
  }

  async #enter(signal: AbortSignal, cost: Cost): Promise<Disposable> {
    using entered = new DisposableStack();
    try {
      if (cost === 'heavy') entered.defer(await this.#heavySlots.enter(signal));
      entered.defer(await this.#slots.enter(signal));
    } catch (error) {
      throw tooLate(error);
    }
    return entered.move();
  }

  async #work<Task extends ScoreTask>(job: Job<Task>, sha256: string, signal: AbortSignal): Promise<JobResult<Task>> {
    const worker = await this.#obtain();
    try {
      if (signal.aborted) throw tooLate(signal.reason);
      return await worker.run(job, signal);
    } catch (error) {
      if (this.#countsAgainstDocument(error, worker)) this.#quarantine.recordDeath(sha256);
      throw error;
    } finally {
      if (worker.needsReplacement) worker.kill();
      if (worker.state === 'alive') this.#release(worker);
      else this.warmUp();
    }
  }

  /** Ends idle processes to free their memory. */
  endIdle(): void {
    for (const { worker, timer } of this.#idle.splice(0)) {
      if (timer) clearTimeout(timer);
      worker.kill();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const ended = [...this.#all].map((worker) => worker.exited);
    for (const worker of this.#all) worker.kill();
    await Promise.all(ended);
  }

  /** Excludes processes that were killed and have not exited yet. */
  get #alive(): number {
    return [...this.#all].filter(({ state }) => state === 'alive').length;
  }

  #start(): WorkerProcess {
    const worker = new WorkerProcess(this.#options.heapMegabytes, this.#options.clock);
    this.#all.add(worker);
    void worker.exited.then((reason) => {
      this.#all.delete(worker);
      this.#idle = this.#idle.filter((entry) => entry.worker !== worker);
      if (worker.state === 'exited' || worker.state === 'killed_from_outside') this.#options.onDeath(reason);
    });
    return worker;
  }

  /** Returns a free process, or one that becomes free within `startAfterMs`, or else a new one. */
  async #obtain(): Promise<WorkerProcess> {
    if (this.#closed) throw draining();
    const free = this.#take();
    if (free) return free;
    if (this.#alive === 0) return this.#start();
    return new Promise((resolve, reject) => {
      const served = new AbortController();
      const use = (worker: WorkerProcess): void => {
        this.#waiting.delete(use);
        served.abort();
        resolve(worker);
      };
      const startOne = (): void => {
        if (this.#closed) reject(draining());
        else use(this.#start());
      };
      this.#waiting.add(use);
      this.#options.clock.sleep(startAfterMs, served.signal).then(startOne, () => undefined);
    });
  }

  /** Whether the worker died, or was killed at the deadline, because of its document. */
  #countsAgainstDocument(error: unknown, worker: WorkerProcess): boolean {
    if (isTimeout(error)) return worker.state !== 'starved';
    if (!(error instanceof EncoreError && error.code === 'WORKER_DIED')) return false;
    if (worker.state !== 'killed_from_outside') return true;
    // The memory of the dead worker is free by now. If a worker's heap still would not fit, the
    // server is low on memory for another reason.
    return this.#options.freeBytes() >= this.#options.heapMegabytes * mebibyte;
  }

  #take(): WorkerProcess | null {
    // Take the most recently used one: its caches are warm, and the others can become idle.
    for (let entry = this.#idle.pop(); entry; entry = this.#idle.pop()) {
      if (entry.timer) clearTimeout(entry.timer);
      if (entry.worker.state === 'alive') return entry.worker;
    }
    return null;
  }

  #release(worker: WorkerProcess): void {
    if (this.#closed) return;
    const [first] = this.#waiting;
    if (first) {
      first(worker);
      return;
    }
    // The last process stays.
    const end = (): void => {
      if (this.#alive > 1) worker.kill();
    };
    const timer = setTimeout(end, this.#options.idleMs);
    timer.unref();
    this.#idle.push({ worker, timer });
  }
}

function draining(): EncoreError {
  return new EncoreError('DRAINING', 'the server is stopping; try again after it has restarted');
}

/**
 * A job that reached its deadline while it was still waiting met a busy server, not a slow tool.
 */
function tooLate(error: unknown): unknown {
  return isTimeout(error) ? overloaded('all worker processes are busy') : error;
}
