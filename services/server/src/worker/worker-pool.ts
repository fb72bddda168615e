/**
 * A few worker processes and a bounded queue. One is kept ready; others start when those that run stay busy, and end when idle.
 * Heavy jobs take seconds where light ones take milliseconds, so they never get the last process: light jobs would pile up behind
 * them, and each holds one of the server's slots.
 * A document that killed its worker several times is refused for a while, so that one file cannot keep all workers dying. What
 * something else did to the worker, such as memory or CPU taken from the whole server, is not counted.
 */
import type { Clock } from '@encore/kit';
import { EncoreError } from '@encore/kit/encore-error';
import type { Cost } from '../resilience/admission.ts';
import { overloaded, Semaphore } from '../resilience/semaphore.ts';
import type { ScoreTask } from '../scores/score-task.ts';
import { Quarantine } from './quarantine.ts';
import { isTimeout, type Job, type JobResult, WorkerProcess } from './worker-process.ts';

export interface WorkerPoolOptions {
  processes: number;
  heapMegabytes: number;
  maxQueued: number;
  maxWaitMs: number;
  idleMs: number;
  clock: Clock;
  /** Memory that the whole server may still take, at this moment. */
  freeBytes: () => number;
  /** A worker ended that was not told to. */
  onDeath: (how: string) => void;
}

/** Most jobs are done in a few milliseconds; a new process takes a hundred times as much CPU before it can begin. */
const startAfterMs = 200;
const mebibyte = 1024 * 1024;

export class WorkerPool implements AsyncDisposable {
  readonly #options: WorkerPoolOptions;
  readonly #places: Semaphore;
  readonly #heavyPlaces: Semaphore;
  readonly #quarantine: Quarantine;
  readonly #all = new Set<WorkerProcess>();
  #idle: { worker: WorkerProcess; timer: NodeJS.Timeout | null }[] = [];
  /** Jobs that have a place and wait for a process to become free, the first come first. */
  readonly #waiting = new Set<(worker: WorkerProcess) => void>();
  #closed = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#quarantine = new Quarantine(options.clock);
    const { processes, maxQueued, maxWaitMs } = options;
    const queue = { maxQueued, maxWaitMs, refuse: () => overloaded('all worker processes are busy') };
    this.#places = new Semaphore({ ...queue, places: processes });
    this.#heavyPlaces = new Semaphore({ ...queue, places: Math.max(1, processes - 1) });
  }

  get stats(): { processes: number; busy: number; queued: number; quarantined: number } {
    return {
      processes: this.#all.size,
      busy: this.#places.taken,
      queued: this.#places.queued + this.#heavyPlaces.queued,
      quarantined: this.#quarantine.size,
    };
  }

  /** Keeps one process ready, so that the next user does not wait for it. */
  warmUp(): void {
    const alive = [...this.#all].some((worker) => !worker.dead);
    if (!alive && !this.#closed) this.#release(this.#start());
  }

  /** `sha256` names the document, for the quarantine. */
  async run<Task extends ScoreTask>(
    job: Job<Task>,
    sha256: string,
    signal: AbortSignal,
    cost: Cost = 'light',
  ): Promise<JobResult<Task>> {
    this.#quarantine.check(sha256);
    using _places = await this.#enter(signal, cost);
    return await this.#work(job, sha256, signal);
  }

  async #enter(signal: AbortSignal, cost: Cost): Promise<Disposable> {
    using entered = new DisposableStack();
    try {
      if (cost === 'heavy') entered.defer(await this.#heavyPlaces.enter(signal));
      entered.defer(await this.#places.enter(signal));
    } catch (error) {
      throw tooLate(error);
    }
    return entered.move();
  }

  async #work<Task extends ScoreTask>(job: Job<Task>, sha256: string, signal: AbortSignal): Promise<JobResult<Task>> {
    const worker = await this.#obtain();
    // One that ended while it was idle did not die of this document.
    const began = !worker.dead;
    try {
      if (signal.aborted) throw tooLate(signal.reason);
      return await worker.run(job, signal);
    } catch (error) {
      if (began && this.#isToBlame(error, worker)) this.#quarantine.blame(sha256);
      throw error;
    } finally {
      if (worker.worn) worker.kill();
      if (!worker.dead) this.#release(worker);
      else this.warmUp();
    }
  }

  /** Ends the processes that have nothing to do; their memory is needed. */
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

  #start(): WorkerProcess {
    const worker = new WorkerProcess(this.#options.heapMegabytes, this.#options.clock);
    this.#all.add(worker);
    void worker.exited.then((how) => {
      this.#all.delete(worker);
      this.#idle = this.#idle.filter((entry) => entry.worker !== worker);
      if (!worker.killed) this.#options.onDeath(how);
    });
    return worker;
  }

  /** One that is free, or becomes so soon; else a new one. */
  async #obtain(): Promise<WorkerProcess> {
    if (this.#closed) throw draining();
    const free = this.#take();
    if (free) return free;
    if (![...this.#all].some((worker) => !worker.dead)) return this.#start();
    return new Promise((resolve, reject) => {
      const served = new AbortController();
      const given = (worker: WorkerProcess): void => {
        this.#waiting.delete(given);
        served.abort();
        resolve(worker);
      };
      const startOne = (): void => {
        if (this.#closed) reject(draining());
        else given(this.#start());
      };
      this.#waiting.add(given);
      this.#options.clock.sleep(startAfterMs, served.signal).then(startOne, () => undefined);
    });
  }

  /** The document is to blame when its worker died of it, or had to be killed because it did not come to an end. */
  #isToBlame(error: unknown, worker: WorkerProcess): boolean {
    if (isTimeout(error)) return !worker.starved;
    if (!(error instanceof EncoreError && error.code === 'WORKER_DIED')) return false;
    if (!worker.killedFromOutside) return true;
    // The memory of the dead worker is free by now. Where even so a worker would not get what it may take, memory is short without it.
    return this.#options.freeBytes() >= this.#options.heapMegabytes * mebibyte;
  }

  #take(): WorkerProcess | null {
    // The one used last has the warmest caches; the others get the chance to be idle for long enough.
    for (let entry = this.#idle.pop(); entry; entry = this.#idle.pop()) {
      if (entry.timer) clearTimeout(entry.timer);
      if (!entry.worker.dead) return entry.worker;
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
    // The last one stays.
    const end = (): void => {
      if (this.#all.size > 1) worker.kill();
    };
    const timer = setTimeout(end, this.#options.idleMs);
    timer.unref();
    this.#idle.push({ worker, timer });
  }
}

function draining(): EncoreError {
  return new EncoreError('DRAINING', 'the server is stopping', { status: 503, definite: true });
}

/** Whoever was still waiting when its time was over met a busy server, not a slow tool. */
function tooLate(error: unknown): unknown {
  return isTimeout(error) ? overloaded('all worker processes are busy') : error;
}
