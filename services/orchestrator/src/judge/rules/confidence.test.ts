import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { boundText, recoveredText, shownPerHour, upperBound } from './confidence.ts';

const close = (actual: number, expected: number, tolerance = 5e-5) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} instead of ${expected}`);

describe('confidence bounds', () => {
  it('equal tabulated one-sided Clopper-Pearson limits', () => {
    // Beta(0.95; k + 1, n - k): any table of exact binomial limits at 95 %, one-sided.
    const table: [failures: number, trials: number, bound: number][] = [
      [0, 1, 0.95],
      [0, 10, 0.2589],
      [1, 10, 0.3942],
      [2, 10, 0.5069],
      [5, 10, 0.7776],
      [1, 20, 0.2161],
      [0, 22, 0.1273],
      [10, 10, 1],
    ];
    for (const [failures, trials, bound] of table) close(upperBound(failures, trials), bound);
  });

  it('approach the rule of three with many trials', () => {
    for (const trials of [300, 10_000, 5_000_000]) close((upperBound(0, trials) * trials) / 3, 1, 0.01);
    // The mean of a Poisson distribution that gives at most 5 events with 5 %.
    close(upperBound(5, 1_000_000) * 1_000_000, 10.513, 0.001);
    close(shownPerHour(3), 0.9986);
  });

  it('are exact: as few failures occur with a probability of 5 %', () => {
    // By hand for one failure in three: (1 - p)^3 + 3 p (1 - p)^2 = 0.05.
    const p = upperBound(1, 3);
    close((1 - p) ** 3 + 3 * p * (1 - p) ** 2, 0.05, 1e-9);
  });

  it('are shown as percentages, small ones per million', () => {
    assert.equal(
      recoveredText(22, 22, 'kills'),
      '22 of 22 kills recovered: the failure rate is at most 12.7 % at 95 % confidence',
    );
    assert.equal(recoveredText(0, 2, 'faults'), '0 of 2 faults recovered');
    assert.equal(boundText(upperBound(0, 2_000_000)), '1.5 per million');
  });
});
