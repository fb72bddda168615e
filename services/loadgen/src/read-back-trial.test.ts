import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { describe, it } from 'mocha';
import { ReadBackTrial } from './read-back-trial.ts';
import type { FoundObject } from './worker/messages.ts';

describe('trial of the read-back', () => {
  async function trial(found: (number: number) => FoundObject | Error, writes: number) {
    const matched: string[] = [];
    let reads = 0;
    const read = async () => {
      reads += 1;
      const result = found(reads);
      if (result instanceof Error) throw result;
      return result;
    };
    const tried = new ReadBackTrial({ read, matched: (id) => void matched.push(id) });
    for (let number = 1; number <= writes; number += 1) {
      tried.acknowledged({ type: 'acknowledged', key: `${number}`, id: `${number}`, digest: 'right' });
      await tried.ended();
      await setImmediate();
    }
    return { matched, reads };
  }

  it('ends with the first object that has the digest of its write', async () => {
    const results = [null, { digest: 'wrong' }, { problem: 'not JSON' }, new Error('no response'), { digest: 'right' }];
    assert.deepEqual(await trial((number) => results[number - 1] ?? null, 8), { matched: ['5'], reads: 5 });
  });

  it('gives up after 20 objects', async () => {
    assert.deepEqual(await trial(() => ({ digest: 'wrong' }), 30), { matched: [], reads: 20 });
  });
});
