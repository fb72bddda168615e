import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { Random } from './random.ts';

const draw = (random: Random, count = 8): number[] => Array.from({ length: count }, () => random.next());

describe('Random', () => {
  it('repeats for the same seed and differs for another', () => {
    assert.deepEqual(draw(new Random(7)), draw(new Random(7)));
    assert.notDeepEqual(draw(new Random(7)), draw(new Random(8)));
  });

  it('forks streams that do not depend on earlier draws', () => {
    const used = new Random(7);
    draw(used, 100);
    assert.deepEqual(draw(used.fork('users/3')), draw(new Random(7).fork('users/3')));
    assert.notDeepEqual(draw(new Random(7).fork('users/3')), draw(new Random(7).fork('users/4')));
  });

  it('is uniform: each tenth of [0, 1) gets a tenth of the draws', () => {
    const random = new Random('uniform');
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i += 1) {
      const tenth = Math.floor(random.next() * 10);
      counts[tenth] = (counts[tenth] ?? 0) + 1;
    }
    // Five standard deviations of a binomial with n = 100,000 and p = 0.1 are 475.
    for (const count of counts) assert.ok(Math.abs(count - 10_000) < 475, `tenths: ${counts.join(' ')}`);
  });

  it('keeps integer() and between() within their bounds and reaches both ends of integer()', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: -50, max: 50 }), fc.nat(20), (seed, min, span) => {
        const random = new Random(seed);
        const integers = Array.from({ length: 500 }, () => random.integer(min, min + span));
        assert.equal(Math.min(...integers), min);
        assert.equal(Math.max(...integers), min + span);
        const real = random.between(min, min + span);
        assert.ok(real >= min && real <= min + span);
      }),
      { numRuns: 50 },
    );
  });

  it('picks by weight and throws if no weight is positive', () => {
    const random = new Random(1);
    const items = [
      { item: 'never', weight: 0 },
      { item: 'often', weight: 3 },
      { item: 'rarely', weight: 1 },
    ];
    const picked = Array.from({ length: 10_000 }, () => random.weighted(items));
    assert.ok(!picked.includes('never'));
    const share = picked.filter((item) => item === 'often').length / picked.length;
    assert.ok(Math.abs(share - 0.75) < 0.03, `share ${share}`);
    assert.throws(() => random.weighted([{ item: 1, weight: 0 }]), RangeError);
    assert.throws(() => random.pick([]), RangeError);
  });
});
