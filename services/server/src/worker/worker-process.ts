/** One worker process as seen by the server: started, given one job at a time, killed when a job does not end in time. */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@encore/kit';
import { EncoreError } from '@encore/kit/encore-error';
import { copyNoteColumns, type Score, type ScoreLimits } from '../music/index.ts';
import type { ResultOf, ScoreTask } from '../scores/score-task.ts';
import { type FromWorker, type ToWorker, windowPieces } from './protocol.ts';

export interface Job<Task extends ScoreTask = ScoreTask> {
  task: Task;
  /** What the task is about: a parsed score, or bytes to parse. */
  source: { score: Score } | { bytes: AsyncIterable<Uint8Array> };
  limits: ScoreLimits;
  /** Only scores up to this size are worth keeping in the server. */
  returnScoreUpToNotes: number;
}

export interface JobResult<Task extends ScoreTask = ScoreTask> {
  result: ResultOf<Task>;
  /** The parsed score, unless it was given or is too large to return. */
  score: Score | null;
}

/** Parsing makes much that lives for a moment: with the 16 MB that V8 may take, a score of 50 MB needs a quarter more memory, and no less time. */
const youngMegabytes = 4;
const wornByBytes = 8 * 1024 * 1024;
/**
 * Work that nobody waits for any more may take so much longer. Most of it ends by then, and a new process costs more than that: under
 * overload, when many clients give up, starting processes would take the time in which the others could be answered.
 */
const abandonedMs = 500;
/** A job that had less than this share of a CPU until its deadline was kept from its work. A busy server leaves more to each worker. */
const minCpuShare = 0.1;

/** Made out here: a function made within a job would hold the job. */
const ignore = (): void => {};

export class WorkerProcess {
  readonly #clock: Clock;
  readonly #child: ChildProcess;
  readonly #exited: Promise<string>;
  #dead = false;
  #killed = false;
  #killedFromOutside = false;
  #starved = false;
  #worn = false;
  /** Of the job under way. Both are let go with it: what a job holds must not live as long as the process. */
  #listener: (message: FromWorker) => void = ignore;
  #onEnd: (how: string) => void = ignore;

  constructor(heapMegabytes: number, clock: Clock) {
    this.#clock = clock;
    this.#child = fork(join(import.meta.dirname, 'worker-child.ts'), {
      serialization: 'advanced',
      execArgv: [`--max-old-space-size=${heapMegabytes}`, `--max-semi-space-size=${youngMegabytes}`],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child.on('message', (message: FromWorker) => this.#listener(message));
    this.#exited = new Promise((resolve) => {
      const ended = (how: string): void => {
        this.#dead = true;
        resolve(how);
        this.#onEnd(how);
      };
      this.#child.once('error', (error) => ended(error.message));
      this.#child.once('exit', (code, signal) => {
        this.#killedFromOutside = signal === 'SIGKILL' && !this.#killed;
        ended(signal ?? `exit code ${code}`);
      });
    });
  }

  /** Ended by us, not by itself or by the kernel. */
  get killed(): boolean {
    return this.#killed;
  }

  /** Ended by a SIGKILL that we did not send: the kernel's, when memory ran out. V8 at its heap limit aborts instead. */
  get killedFromOutside(): boolean {
    return this.#killedFromOutside;
  }

  /** Killed at a deadline until which it had hardly any CPU: frozen, throttled, or waiting for the bytes of its document. */
  get starved(): boolean {
    return this.#starved;
  }

  get dead(): boolean {
    return this.#dead;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when the process has ended, with how. */
  get exited(): Promise<string> {
    return this.#exited;
  }

  /** After a large job a process keeps memory that a fresh one does not take. */
  get worn(): boolean {
    return this.#worn;
  }

  kill(): void {
    this.#killed = true;
    this.#dead = true;
    this.#child.kill('SIGKILL');
  }

  /** A job that is aborted is ended by killing the process: nothing else surely stops it. At the deadline at once, else soon. */
  async run<Task extends ScoreTask>(job: Job<Task>, signal: AbortSignal): Promise<JobResult<Task>> {
    signal.throwIfAborted();
    if (this.#dead) throw workerDied('before the job began');
    const done = Promise.withResolvers<JobResult<Task>>();
    const feed = new Feed(job.source, (message) => this.#send(message));
    this.#listener = (message) => {
      if (message.type === 'taken') {
        feed.taken();
      } else if (message.type === 'done') {
        const { result, score } = message;
        // A score that is kept must not keep the message, which is several times as large.
        const own = score && { ...score, notes: copyNoteColumns(score.notes) };
        done.resolve({ result: result as ResultOf<Task>, score: own });
      } else if (message.type === 'failed') {
        const { code, message: text, status, definite } = message;
        done.reject(new EncoreError(code, text, { status, definite }));
      }
    };
    const beganAtMs = this.#clock.now();
    const cpuMsBefore = userMsOf(this.pid);
    const kill = (): void => {
      const cpuMs = userMsOf(this.pid) - cpuMsBefore;
      this.#starved = cpuMs < (this.#clock.now() - beganAtMs) * minCpuShare;
      this.kill();
      done.reject(signal.reason);
    };
    const over = new AbortController();
    const stop = (): void => {
      if (isTimeout(signal.reason)) kill();
      else this.#clock.sleep(abandonedMs, over.signal).then(kill, ignore);
    };
    signal.addEventListener('abort', stop, { once: true });
    this.#onEnd = (how) => done.reject(workerDied(how));
    const { task, source, limits, returnScoreUpToNotes } = job;
    this.#send({ type: 'job', task, score: 'score' in source ? source.score : null, limits, returnScoreUpToNotes });
    const fed = feed.run().catch((error) => {
      // A source that failed leaves the worker waiting for bytes that never come: it starts anew.
      this.kill();
      done.reject(error);
    });
    try {
      return await done.promise;
    } finally {
      signal.removeEventListener('abort', stop);
      over.abort();
      feed.stop();
      this.#worn ||= feed.bytes > wornByBytes;
      // The next job must not meet bytes of this one.
      await fed;
      this.#listener = ignore;
      this.#onEnd = ignore;
    }
  }

  #send(message: ToWorker): void {
    if (!this.#dead && this.#child.connected) this.#child.send(message, () => {});
  }
}

/** Sends a source piece by piece, never more than the window ahead of what the worker has taken. */
class Feed {
  readonly #source: Job['source'];
  readonly #send: (message: ToWorker) => void;
  #onTheWay = 0;
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
      this.#onTheWay += 1;
      while (this.#onTheWay >= windowPieces && !this.#stopped) {
        await new Promise<void>((wake) => {
          this.#wake = wake;
        });
      }
    }
    if (!this.#stopped) this.#send({ type: 'end' });
  }

  taken(): void {
    this.#onTheWay -= 1;
    this.#wake();
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
  }
}

/** The work's own deadline, not somebody who gave up. */
export function isTimeout(error: unknown): boolean {
  return error instanceof EncoreError && error.code === 'TOOL_TIMEOUT';
}

const msPerTick = 10;

/** CPU time of a process in user mode. Time in the kernel is left out: short of memory, much of it is spent on finding some. */
function userMsOf(pid: number | undefined): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The program's name is in parentheses and may hold anything.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[11]) * msPerTick;
  } catch {
    // Not Linux: then every job counts as one that could work.
    return Number.NaN;
  }
}

function workerDied(how: string): EncoreError {
  return new EncoreError('WORKER_DIED', `the process that read the score ended: ${how}`, {
    status: 500,
    definite: true,
  });
}
