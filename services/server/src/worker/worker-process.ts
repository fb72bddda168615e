/**
 * The server's side of one worker process. It runs one job at a time and is killed if a job exceeds
 * its deadline.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@encore/kit';
import { EncoreError } from '@encore/kit/encore-error';
import { copyNoteColumns, type Score, type ScoreLimits } from '@encore/music';
import { type FromWorker, type ToWorker, windowPieces } from './protocol.ts';
import type { ResultOf, ScoreTask } from './score-task.ts';

export interface Job<Task extends ScoreTask = ScoreTask> {
  task: Task;
  /** A parsed score, or bytes to parse. */
  source: { score: Score } | { bytes: AsyncIterable<Uint8Array> };
  limits: ScoreLimits;
  /** Larger scores are not returned to the server. */
  returnScoreUpToNotes: number;
}

export interface JobResult<Task extends ScoreTask = ScoreTask> {
  result: ResultOf<Task>;
  /** The parsed score; null if the job included it or it is too large to return. */
  score: Score | null;
}

/**
 * Parsing creates many short-lived objects. With V8's default of 16 MB, a score of 50 MB needs a
 * quarter more memory and is parsed no faster.
 */
const semiSpaceMegabytes = 4;
const replaceAfterBytes = 8 * 1024 * 1024;
/**
 * How long a job may continue after its client disconnects. Most jobs finish by then, and a new
 * process costs more: under overload, when many clients give up, starting processes would take the
 * CPU time of the remaining requests.
 */
const abandonedMs = 500;
/** A job with less than this share of a CPU was starved: even a busy server leaves each more. */
const minCpuShare = 0.1;

/**
 * What ended the process, if it has ended. `killed`, `starved`: the server did. A starved process
 * had hardly any CPU time until its deadline: it was frozen, throttled, or waiting for the bytes of
 * its document. `killed_from_outside`: a SIGKILL that the server did not send, which the kernel
 * sends when memory runs out (V8 aborts at its heap limit instead).
 */
type WorkerState = 'alive' | 'exited' | 'killed' | 'starved' | 'killed_from_outside';

/** At module level, because a closure created within a job would keep the job in memory. */
const ignore = (): void => {};

export class WorkerProcess {
  readonly #clock: Clock;
  readonly #child: ChildProcess;
  /** Resolves with the signal, exit code or error when the process ends. */
  readonly exited: Promise<string>;
  #state: WorkerState = 'alive';
  #needsReplacement = false;
  /**
   * Handlers of the current job. Both are reset after it, so that the process does not keep its
   * memory.
   */
  #listener: (message: FromWorker) => void = ignore;
  #onExit: (reason: string) => void = ignore;

  constructor(heapMegabytes: number, clock: Clock) {
    this.#clock = clock;
    this.#child = fork(join(import.meta.dirname, 'worker-child.ts'), {
      serialization: 'advanced',
      execArgv: [`--max-old-space-size=${heapMegabytes}`, `--max-semi-space-size=${semiSpaceMegabytes}`],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child.on('message', (message: FromWorker) => this.#listener(message));
    this.exited = new Promise((resolve) => {
      const ended = (reason: string): void => {
        if (this.#state === 'alive') this.#state = reason === 'SIGKILL' ? 'killed_from_outside' : 'exited';
        resolve(reason);
        this.#onExit(reason);
      };
      this.#child.once('error', (error) => ended(error.message));
      this.#child.once('exit', (code, signal) => ended(signal ?? `exit code ${code}`));
    });
  }

  get state(): WorkerState {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** True after a large job, which leaves the process with more memory than a fresh one needs. */
  get needsReplacement(): boolean {
    return this.#needsReplacement;
  }

  kill(): void {
    this.#end('killed');
  }

  #end(state: 'killed' | 'starved'): void {
    if (this.#state === 'alive') this.#state = state;
    this.#child.kill('SIGKILL');
  }

  /**
   * Runs one job. If `signal` aborts, kills the process, because nothing else is certain to stop
   * the job: at once at the deadline, after `abandonedMs` if the client disconnects. Rejects with
   * the error of the job, WORKER_DIED, or the signal's reason.
   */
  async run<Task extends ScoreTask>(job: Job<Task>, signal: AbortSignal): Promise<JobResult<Task>> {
    signal.throwIfAborted();
    if (this.#state !== 'alive') throw workerDied('before the job began');
    const done = Promise.withResolvers<JobResult<Task>>();
    const feed = new Feed(job.source, (message) => this.#send(message));
    this.#listener = (message) => {
      if (message.type === 'consumed') {
        feed.consumed();
      } else if (message.type === 'done') {
        const { result, score } = message;
        // Copy the columns: views would keep the whole message, which is several times as large.
        const own = score && { ...score, notes: copyNoteColumns(score.notes) };
        done.resolve({ result: result as ResultOf<Task>, score: own });
      } else if (message.type === 'failed') {
        done.reject(EncoreError.received(message));
      }
    };
    const startedAtMs = this.#clock.now();
    const cpuMsBefore = userMsOf(this.pid);
    const kill = (): void => {
      const cpuMs = userMsOf(this.pid) - cpuMsBefore;
      const isStarved = cpuMs < (this.#clock.now() - startedAtMs) * minCpuShare;
      this.#end(isStarved ? 'starved' : 'killed');
      done.reject(signal.reason);
    };
    const over = new AbortController();
    const stop = (): void => {
      if (isTimeout(signal.reason)) kill();
      else this.#clock.sleep(abandonedMs, over.signal).then(kill, ignore);
    };
    signal.addEventListener('abort', stop, { once: true });
    this.#onExit = (reason) => done.reject(workerDied(reason));
    const { task, source, limits, returnScoreUpToNotes } = job;
    this.#send({ type: 'job', task, score: 'score' in source ? source.score : null, limits, returnScoreUpToNotes });
    const fed = feed.run().catch((error) => {
      // The worker would wait forever for the rest of a failed source, so it is replaced.
      this.kill();
      done.reject(error);
    });
    try {
      return await done.promise;
    } finally {
      signal.removeEventListener('abort', stop);
      over.abort();
      feed.stop();
      this.#needsReplacement ||= feed.bytes > replaceAfterBytes;
      // The next job must not receive bytes of this one.
      await fed;
      this.#listener = ignore;
      this.#onExit = ignore;
    }
  }

  #send(message: ToWorker): void {
    if (this.#state === 'alive' && this.#child.connected) this.#child.send(message, () => {});
  }
}

/** Sends a source piece by piece, with at most `windowPieces` in flight. */
class Feed {
  readonly #source: Job['source'];
  readonly #send: (message: ToWorker) => void;
  #inFlight = 0;
  #stopped = false;
  bytes = 0;
  #wake: () => void = () => {};

  constructor(source: Job['source'], send: (message: ToWorker) => void) {
    this.#source = source;
    this.#send = send;
  }

  async run(): Promise<void> {
    if (!('bytes' in this.#source)) return;
    for await (const bytes of this.#source.bytes) {
      if (this.#stopped) return;
      this.#send({ type: 'bytes', bytes });
      this.bytes += bytes.length;
      this.#inFlight += 1;
      while (this.#inFlight >= windowPieces && !this.#stopped) {
        await new Promise<void>((wake) => {
          this.#wake = wake;
        });
      }
    }
    if (!this.#stopped) this.#send({ type: 'end' });
  }

  consumed(): void {
    this.#inFlight -= 1;
    this.#wake();
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
  }
}

/** Whether a job reached its own deadline, as opposed to a client that disconnected. */
export function isTimeout(error: unknown): boolean {
  return error instanceof EncoreError && error.code === 'TOOL_TIMEOUT';
}

const msPerTick = 10;

/**
 * CPU time of a process in user mode, in ms. Kernel time is excluded, because a process that is low
 * on memory spends much of it on reclaiming memory.
 */
function userMsOf(pid: number | undefined): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The program's name is in parentheses and may contain any character.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[11]) * msPerTick;
  } catch {
    // Not Linux: no job then counts as starved.
    return Number.NaN;
  }
}

function workerDied(reason: string): EncoreError {
  return new EncoreError('WORKER_DIED', `the worker process handling this score exited: ${reason}`);
}
