import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { TokenBuckets } from './token-buckets.ts';

const clock = { now: () => 0, sleep: async () => {} };

describe('TokenBuckets', () => {
  it('remembers a limited number of clients, and forgets the least recently seen', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 1, maxClients: 2, clock });
    const take = (names: string) => [...names].map((name) => buckets.take(name));
    assert.deepEqual(take('abc'), [true, true, true]);
    assert.equal(buckets.size, 2);
    assert.deepEqual(take('cb'), [false, false], 'they are remembered');
    assert.deepEqual(take('a'), [true], 'it was forgotten');
    assert.deepEqual(take('bc'), [false, true], 'c was seen before b');
  });
});
