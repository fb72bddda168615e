import assert from 'node:assert/strict';
import { defaultScoreLimits, type Score } from '@encore/music';
import { importScore } from '@encore/music/tasks';
import { before, describe, it } from 'mocha';
import { smallScore } from '../testing/fixture-server.ts';
import { ScoreCache } from './score-cache.ts';

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

describe('ScoreCache', () => {
  let small: Score;
  let large: Score;
  before(async () => {
    small = await importScore(once(smallScore('C', 1)), defaultScoreLimits);
    large = await importScore(once(smallScore('C', 1_000)), defaultScoreLimits);
  });
  /** The keys of the scores in the cache, in the order in which they would be evicted. */
  const keysIn = (cache: ScoreCache, keys: string) => [...keys].filter((key) => cache.get(key) !== undefined).join('');

  it('evicts the least recently used score above its number of scores', () => {
    const cache = new ScoreCache(2, 1_000_000);
    cache.set('a', small);
    cache.set('b', small);
    assert.equal(cache.get('a'), small);
    cache.set('c', small);
    assert.equal(keysIn(cache, 'abc'), 'ac');
  });

  it('evicts scores above its size, and keeps no score that is larger', () => {
    const sample = new ScoreCache(10, Number.POSITIVE_INFINITY);
    sample.set('large', large);
    assert.ok(sample.bytes > 100_000 && sample.bytes < 1_000_000, `${sample.bytes} bytes for 1 000 notes`);
    const cache = new ScoreCache(10, 2 * sample.bytes);
    for (const key of 'abc') cache.set(key, large);
    assert.equal(keysIn(cache, 'abc'), 'bc');
    const tooSmall = new ScoreCache(10, sample.bytes - 1);
    tooSmall.set('a', small);
    tooSmall.set('b', large);
    assert.equal(keysIn(tooSmall, 'ab'), 'a');
  });

  it('shrinks to a size, the least recently used scores first', () => {
    const cache = new ScoreCache(10, Number.POSITIVE_INFINITY);
    for (const key of 'abc') cache.set(key, small);
    cache.shrink((cache.bytes / 3) * 2);
    assert.equal(keysIn(cache, 'abc'), 'bc');
    cache.clear();
    assert.deepEqual([cache.size, cache.bytes], [0, 0]);
  });
});
