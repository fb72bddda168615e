/**
 * A worker process: parses untrusted bytes and runs long analyses. It may be killed at any moment,
 * and the kernel should kill it first when memory runs out.
 */
import { writeFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { constants, setPriority } from 'node:os';
import { EncoreError } from '@encore/kit/encore-error';
import { importScore } from '@encore/music/tasks';
import type { FromWorker, ToWorker } from './protocol.ts';
import { runTask } from './run-task.ts';

type Job = Extract<ToWorker, { type: 'job' }>;

/** The bytes of the current job as they arrive. */
class Inbox {
  #pieces: Uint8Array[] = [];
  #ended = false;
  #wake: () => void = () => {};

  push(piece: Uint8Array | null): void {
    if (piece === null) this.#ended = true;
    else this.#pieces.push(piece);
    this.#wake();
  }

  async *read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece) {
        yield piece;
        send({ type: 'consumed' });
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((wake) => {
          this.#wake = wake;
        });
      }
    }
  }
}

let inbox = new Inbox();

process.on('message', (message: ToWorker) => {
  if (message.type === 'job') {
    inbox = new Inbox();
    void work(message, inbox);
  } else {
    inbox.push(message.type === 'bytes' ? message.bytes : null);
  }
});
process.on('disconnect', () => process.exit(0));
// A terminal signals the whole process group, but the server decides when its workers end.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

try {
  writeFileSync('/proc/self/oom_score_adj', '1000');
} catch {
  // Not Linux, or not permitted: the kernel then selects by size.
}
try {
  // Under overload the server must still be able to refuse requests and answer health checks.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
} catch {
  // Not permitted: all processes then have the same priority.
}
send({ type: 'ready' });
// Node writes its compile cache on an orderly exit, but a worker ends by SIGKILL. With the cache,
// the next worker starts in 0.08 s of CPU time instead of 0.27 s; writing it takes 4 ms, once.
flushCompileCache();

async function work(job: Job, input: Inbox): Promise<void> {
  try {
    const score = job.score ?? (await importScore(input.read(), job.limits));
    const result = await runTask(score, job.task);
    const returnsScore = job.score === null && score.notes.count <= job.returnScoreUpToNotes;
    send({ type: 'done', result, score: returnsScore ? score : null });
  } catch (error) {
    const { code, message, status, definite } =
      error instanceof EncoreError ? error : new EncoreError('INTERNAL', String(error));
    send({ type: 'failed', code, message, status, definite });
  }
}

function send(message: FromWorker): void {
  process.send?.(message);
}
