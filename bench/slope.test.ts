/** The interval must hold for autocorrelated samples too, and must not hide a leak. */
import assert from 'node:assert/strict';
import { Random } from '@encore/kit';
import { describe, it } from 'mocha';
import { type Sample, slopeOf } from './slope.ts';

const series = 400;
const length = 45;

/**
 * Noise of size 1 in which each sample keeps the share `kept` of the previous one, on top of a
 * line.
 */
function samplesOf(seed: number, kept: number, perStep: number): Sample[] {
  const random = new Random(`series/${seed}`);
  const normal = (): number => Array.from({ length: 12 }, () => random.next()).reduce((a, b) => a + b) - 6;
  let noise = normal();
  return Array.from({ length }, (_, i): Sample => {
    noise = kept * noise + Math.sqrt(1 - kept ** 2) * normal();
    return [i, 50 + perStep * i + noise];
  });
}

function shareThat(holds: (seed: number) => boolean): number {
  return Array.from({ length: series }, (_, seed) => holds(seed)).filter(Boolean).length / series;
}

const includes = ({ low, high }: { low: number; high: number }, slope: number): boolean =>
  low <= slope && slope <= high;

describe('slope', () => {
  it('has an interval that includes the true slope in 95 % of all series', () => {
    const share = shareThat((seed) => includes(slopeOf(samplesOf(seed, 0, 0.3)), 0.3));
    assert.ok(share > 0.92 && share < 0.98, `${share}`);
  });

  it('does not mistake a slow oscillation for a slope', () => {
    const share = shareThat((seed) => includes(slopeOf(samplesOf(seed, 0.6, 0)), 0));
    assert.ok(share > 0.9, `${share}`);
  });

  it('finds a leak of five times the noise', () => {
    const share = shareThat((seed) => slopeOf(samplesOf(seed, 0.6, 5 / length)).low > 0);
    assert.ok(share > 0.9, `${share}`);
  });

  it('throws on too few samples', () => {
    assert.throws(() => slopeOf(samplesOf(1, 0, 0).slice(0, 11)), RangeError);
  });
});
