/** Whole-number arithmetic for durations. */

export function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

export function leastCommonMultiple(a: number, b: number): number {
  return (a / greatestCommonDivisor(a, b)) * b;
}

/** "3/2", "1", in lowest terms. */
export function formatRatio(numerator: number, denominator: number): string {
  const divisor = greatestCommonDivisor(Math.abs(numerator), denominator);
  const bottom = denominator / divisor;
  return bottom === 1 ? `${numerator / divisor}` : `${numerator / divisor}/${bottom}`;
}
