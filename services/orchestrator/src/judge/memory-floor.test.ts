import assert from 'node:assert/strict';
import { Random } from '@encore/kit';
import { describe, it } from 'mocha';
import { MemoryFloor } from './memory-floor.ts';

const megabyte = 1e6;
const perHour = 60 * megabyte;

/** A server of 30 MB, collected every 10 s, with a noise of 0.5 MB and in a fifth of the looks a buffer of 8 MB under way. */
function collected(floor: MemoryFloor, seconds: number, leakBytesPerHour: number, seed: number): void {
  const random = new Random(seed);
  for (let at = 0; at < seconds * 1_000; at += 10_000) {
    const buffer = random.next() < 0.2 ? 8 * megabyte : 0;
    floor.add(at, 30 * megabyte + random.next() * 0.5 * megabyte + buffer + (leakBytesPerHour * at) / 3_600_000);
  }
}

function slopeOf(seconds: number, leakBytesPerHour: number, seed = 1): number | null {
  const floor = new MemoryFloor();
  floor.started(0);
  collected(floor, seconds, leakBytesPerHour, seed);
  return floor.leastSlopeBytesPerHour;
}

describe('memory floor', () => {
  it('tells a leak of a megabyte a minute from none within seven and a half minutes, hardly ever misses one, and never accuses', () => {
    const seeds = Array.from({ length: 200 }, (_, seed) => seed);
    const told = (leak: number) => seeds.filter((seed) => (slopeOf(445, leak, seed) ?? 0) > perHour / 3).length;
    // Where each look of 45 s met a buffer, the interval is too wide to say anything.
    assert.ok(told(perHour) >= 196, `${told(perHour)} of 200 with a leak`);
    assert.equal(told(0), 0, 'without');
  });

  it('calls the slope of a right server above nothing about once in forty times', () => {
    const above = Array.from({ length: 400 }, (_, seed) => slopeOf(3_600, 0, seed) ?? 0).filter((slope) => slope > 0);
    assert.ok(above.length > 0 && above.length < 24, `${above.length} of 400`);
  });

  it('sees it across restarts, though each empties the memory', () => {
    const floor = new MemoryFloor();
    for (const startedAt of [0, 600_000, 1_200_000]) {
      floor.started(startedAt);
      for (let at = 0; at < 600_000; at += 10_000)
        floor.add(startedAt + at, 30 * megabyte + (perHour * at) / 3_600_000);
    }
    assert.ok(Math.abs((floor.leastSlopeBytesPerHour ?? 0) - perHour) < perHour / 10);
  });

  it('says nothing of the first minutes, in which a server grows to its size, nor of a few samples', () => {
    assert.equal(slopeOf(180, perHour), null);
    assert.equal(slopeOf(400, perHour), null);
  });
});
