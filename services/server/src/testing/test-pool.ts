/** For tests: a worker pool, its jobs, and its processes. */
import { readFileSync } from 'node:fs';
import { EncoreError, systemClock } from '@encore/kit';
import { defaultScoreLimits } from '@encore/music';
import { WorkerPool, type WorkerPoolOptions } from '../worker/worker-pool.ts';
import type { Job } from '../worker/worker-process.ts';
import { smallScore } from './fixture-server.ts';

export function testPool(options: Partial<WorkerPoolOptions> = {}): WorkerPool {
  return new WorkerPool({
    processes: 2,
    heapMegabytes: 192,
    maxQueued: 4,
    maxWaitMs: 20_000,
    idleMs: 60_000,
    clock: systemClock,
    freeBytes: () => Number.POSITIVE_INFINITY,
    onDeath: () => {},
    ...options,
  });
}

export const chunk = 64 * 1024;

export function jobOf(text: string, atTheThirdPiece = () => {}): Job<{ kind: 'summary' }> {
  const bytes = Buffer.from(text);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += chunk) {
      if (at === 2 * chunk) atTheThirdPiece();
      yield bytes.subarray(at, at + chunk);
    }
  }
  return {
    task: { kind: 'summary' },
    source: { bytes: pieces() },
    limits: defaultScoreLimits,
    returnScoreUpToNotes: 1_000,
  };
}

export const hasCode = (code: string) => (error: unknown) => error instanceof EncoreError && error.code === code;
export const never = new AbortController().signal;
export const large = smallScore('C', 150_000);

export function children(): string[] {
  return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ');
}
