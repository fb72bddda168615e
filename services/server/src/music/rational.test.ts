import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { fractionOfDecimal } from './rational.ts';

describe('fractionOfDecimal', () => {
  const rows: [decimals: number[], numerator: number, denominator: number][] = [
    [[0.33, 0.333, 0.3333, 0.333333, 0.33333334, 0.333333343267, 1 / 3], 1, 3],
    [[0.66, 0.67, 0.667, 0.666667, 0.666666, 0.6666667], 2, 3],
    [[1.33, 1.333333], 4, 3],
    [[0.16, 0.17, 0.1667, 0.166667], 1, 6],
    [[0.083, 0.0833, 0.083333], 1, 12],
    [[0.111, 0.1111, 0.111111], 1, 9],
    [[0.143, 0.142857], 1, 7],
    [[0.0208, 0.020833], 1, 48],
    [[53.333333, 53.33], 160, 3],
    [[68.571429], 480, 7],
    [[0.5], 1, 2],
    [[0.25], 1, 4],
    [[0.125], 1, 8],
    [[0.0625], 1, 16],
    [[0.03125], 1, 32],
    [[0.2], 1, 5],
    [[0.3], 3, 10],
    [[0.7], 7, 10],
    [[0.1], 1, 10],
    [[0.15], 3, 20],
    [[0.35], 7, 20],
    [[0.55], 11, 20],
    [[0.85], 17, 20],
    [[0.05], 1, 20],
    [[0.123], 123, 1_000],
    [[0.123451], 123_451, 1_000_000],
  ];
  for (const [decimals, numerator, denominator] of rows) {
    it(`${decimals.join(', ')} is ${numerator}/${denominator}`, () => {
      for (const decimal of decimals) assert.deepEqual(fractionOfDecimal(decimal), [numerator, denominator]);
    });
  }
});
