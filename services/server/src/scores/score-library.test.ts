import assert from 'node:assert/strict';
import { defaultScoreLimits } from '@encore/music';
import { describe, it } from 'mocha';
import type { ScoreStore } from '../database/score-store.ts';
import { overloaded } from '../resilience/semaphore.ts';
import type { WorkerPool } from '../worker/worker-pool.ts';
import { ScoreCache } from './score-cache.ts';
import { ScoreLibrary } from './score-library.ts';

const signal = new AbortController().signal;

/** A library of one score of this size, while memory is low. Collects the cost of each job. */
function libraryOf(bytes: number) {
  const costs: string[] = [];
  const library = new ScoreLibrary({
    store: {
      head: async () => ({ id: 'a', bytes, contentId: 'content', sha256: 'hash' }),
      read: () => [],
    } as unknown as ScoreStore,
    cache: new ScoreCache(10, 1_000_000),
    workers: {
      run: async (_job: unknown, _sha256: string, _signal: AbortSignal, cost: string) => {
        costs.push(cost);
        return { result: 'the outline', score: null };
      },
    } as unknown as WorkerPool,
    limits: defaultScoreLimits,
    assertHeavyAllowed: () => {
      throw overloaded('low on memory');
    },
  });
  return { costs, run: () => library.run('a', { kind: 'outline' }, signal) };
}

describe('ScoreLibrary', () => {
  it('parses no large score while heavy work is refused, whatever the tool costs', async () => {
    const large = libraryOf(1024 * 1024 + 1);
    await assert.rejects(large.run(), { code: 'OVERLOADED', status: 503 });
    assert.deepEqual(large.costs, []);
    const small = libraryOf(1024 * 1024);
    assert.equal((await small.run()).result, 'the outline');
    assert.deepEqual(small.costs, ['light']);
  });
});
