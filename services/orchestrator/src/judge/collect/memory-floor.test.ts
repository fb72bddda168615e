import assert from 'node:assert/strict';
import { Random } from '@encore/kit';
import { describe, it } from 'mocha';
import { MemoryFloor } from './memory-floor.ts';

const megabyte = 1e6;
const perHour = 60 * megabyte;

const newFloor = (): MemoryFloor => new MemoryFloor('server', () => true);
const start = (floor: MemoryFloor, at: number): void =>
  floor.add({ type: 'target_started', at, target: 'server', actor: 'restart-policy', reason: 'crash' });
const collect = (floor: MemoryFloor, at: number, bytes: number): void =>
  floor.add({ type: 'garbage_collected', at, bytes });

/** A server of 30 MB, sampled every 10 s: 0.5 MB of noise, and an 8 MB buffer in one of five. */
function collected(floor: MemoryFloor, seconds: number, leakBytesPerHour: number, seed: number): void {
  const random = new Random(seed);
  for (let at = 0; at < seconds * 1_000; at += 10_000) {
    const buffer = random.next() < 0.2 ? 8 * megabyte : 0;
    collect(floor, at, 30 * megabyte + random.next() * 0.5 * megabyte + buffer + (leakBytesPerHour * at) / 3_600_000);
  }
}

function slopeOf(seconds: number, leakBytesPerHour: number, seed = 1): number | null {
  const floor = newFloor();
  start(floor, 0);
  collected(floor, seconds, leakBytesPerHour, seed);
  return floor.slopeLowerBoundBytesPerHour;
}

describe('memory floor', () => {
  it('detects a leak of 1 MB per minute within 7.5 minutes, without false positives', () => {
    const seeds = Array.from({ length: 200 }, (_, seed) => seed);
    const detected = (leak: number) => seeds.filter((seed) => (slopeOf(445, leak, seed) ?? 0) > perHour / 3).length;
    // If all samples of a 45 s slot contain a buffer, the confidence interval becomes too wide.
    assert.ok(detected(perHour) >= 196, `${detected(perHour)} of 200 with a leak`);
    assert.equal(detected(0), 0, 'without a leak');
  });

  it('exceeds 0 without a leak in about 1 of 40 runs', () => {
    const above = Array.from({ length: 400 }, (_, seed) => slopeOf(3_600, 0, seed) ?? 0).filter((slope) => slope > 0);
    assert.ok(above.length > 0 && above.length < 24, `${above.length} of 400`);
  });

  it('detects a leak across restarts', () => {
    const floor = newFloor();
    for (const startedAt of [0, 600_000, 1_200_000]) {
      start(floor, startedAt);
      for (let at = 0; at < 600_000; at += 10_000)
        collect(floor, startedAt + at, 30 * megabyte + (perHour * at) / 3_600_000);
    }
    assert.ok(Math.abs((floor.slopeLowerBoundBytesPerHour ?? 0) - perHour) < perHour / 10);
  });

  it('ignores the warm-up, and needs a minimum of samples', () => {
    assert.equal(slopeOf(180, perHour), null);
    assert.equal(slopeOf(400, perHour), null);
  });
});
