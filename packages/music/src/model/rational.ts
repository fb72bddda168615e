/** Integer arithmetic for durations. */

export function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

export function leastCommonMultiple(a: number, b: number): number {
  return (a / greatestCommonDivisor(a, b)) * b;
}

/** Digits kept of a decimal that is not a musical fraction. */
const decimalDigits = 6;
/** Maximum error of single-precision numbers that are written with more digits than they have. */
const floatError = 1e-6;
/** With at least this many digits, even a sum of rounded decimals identifies its fraction. */
const sumDigits = 5;
/** The accepted probability that a decimal matches a fraction by chance. */
const chance = 0.4;
/** Denominators of nested triplets, quintuplets and septuplets: no prime factor above 7. */
const musicalDenominators = Array.from({ length: 192 }, (_, i) => i + 1).filter((denominator) => {
  let rest = denominator;
  for (const prime of [2, 3, 5, 7]) while (rest % prime === 0) rest /= prime;
  return denominator > 1 && rest === 1;
});

/**
 * The fraction that a positive decimal stands for, never 0. "0.333333" is a rounded or truncated
 * third, and "0.999999" is the sum of three. Returns the fraction with the smallest denominator
 * within the rounding error, if a match by chance is unlikely; otherwise the decimal itself.
 */
export function fractionOfDecimal(value: number): [numerator: number, denominator: number] {
  const text = String(value);
  // Below one millionth, String() writes an exponent instead of digits.
  const digits = text.includes('e') ? decimalDigits : (/\.(\d+)/.exec(text)?.[1] ?? '').length;
  const unit = Math.max(10 ** -digits, floatError);
  const isLong = digits >= sumDigits;
  // The decimal is rounded or truncated after the last digit.
  const [below, above] = isLong ? [4 * unit, 4 * unit] : [0.51 * unit, 0.99 * unit];
  const whole = Math.round(value);
  if (digits > 1 && whole > 0 && Math.abs(whole - value) < 1.01 * Math.max(above, unit)) return [whole, 1];
  for (const denominator of musicalDenominators) {
    if (denominator ** 2 * Math.max(above, unit) > chance) break;
    const numerator = Math.round(value * denominator);
    const error = numerator / denominator - value;
    if (numerator > 0 && error > -below && error < above) return [numerator, denominator];
  }
  const power = 10 ** Math.min(digits, decimalDigits);
  const rounded = Math.max(1, Math.round(value * power));
  const divisor = greatestCommonDivisor(rounded, power);
  return [rounded / divisor, power / divisor];
}

/** "3/2", "1", in lowest terms. */
export function formatRatio(numerator: number, denominator: number): string {
  const divisor = greatestCommonDivisor(Math.abs(numerator), denominator);
  const bottom = denominator / divisor;
  return bottom === 1 ? `${numerator / divisor}` : `${numerator / divisor}/${bottom}`;
}
