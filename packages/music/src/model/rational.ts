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
/** Roundings in a sum: a measure of 4/4 has 24 notes of a sixth of a quarter note. */
const maxRoundings = 24;
/**
 * The shortest note that is likely in a file with decimals, a triplet of 64th notes, as a fraction
 * of a quarter note.
 */
const shortestNote = 24;
/** The accepted probability that a decimal matches a fraction by chance. */
const chance = 0.4;
/** Denominators of nested triplets, quintuplets, septuplets and so on: no prime factor above 13. */
const musicalDenominators = Array.from({ length: 192 }, (_, i) => i + 1).filter((denominator) => {
  let rest = denominator;
  for (const prime of [2, 3, 5, 7, 11, 13]) while (rest % prime === 0) rest /= prime;
  return denominator > 1 && rest === 1;
});

/**
 * The fractions of a beat that a decimal may stand for, by its number of digits: two or three fit
 * many others too. With a denominator in `short`, only 1/n is considered.
 */
const commonFractions: Readonly<Record<number, { denominators: readonly number[]; short: readonly number[] }>> = {
  2: { denominators: [7, 8, 9, 12, 16], short: [24, 32, 48] },
  3: { denominators: [24, 28, 32, 36], short: [21, 48, 64, 96] },
};

/** After the point. Below one millionth, String() writes an exponent instead of digits. */
function digitsOf(value: number): number {
  const text = String(value);
  return text.includes('e') ? decimalDigits : (/\.(\d+)/.exec(text)?.[1] ?? '').length;
}

/**
 * The greatest plausible error of a decimal that is the sum of rounded ones: that of a measure full
 * of short notes, but less than the shortest one. 0 for a whole number, which is exact.
 */
export function sumError(value: number, quarter: number): number {
  if (Number.isInteger(value)) return 0;
  return Math.min(maxRoundings * 10 ** -digitsOf(value), quarter / shortestNote);
}

/**
 * The fraction that a positive decimal stands for, never 0. "0.333333" is a rounded or truncated
 * third, and "0.999999" is the sum of three. Returns the fraction with the smallest denominator
 * within the rounding error, if a match by chance is unlikely; for two or three digits also the
 * nearest common fraction, such as 1/12 for "0.08"; otherwise the decimal itself.
 */
export function fractionOfDecimal(value: number): [numerator: number, denominator: number] {
  const digits = digitsOf(value);
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
  const common = commonFraction(value, digits);
  if (common !== null) return common;
  const power = 10 ** Math.min(digits, decimalDigits);
  const rounded = Math.max(1, Math.round(value * power));
  const divisor = greatestCommonDivisor(rounded, power);
  return [rounded / divisor, power / divisor];
}

/**
 * Twelve times "0.08" is a beat. Twentieths, which are exact with two digits, and two-hundredths,
 * which are exact with three, stay.
 */
function commonFraction(value: number, digits: number): [numerator: number, denominator: number] | null {
  const common = commonFractions[digits];
  const unit = 10 ** -digits;
  if (!common || isMultiple(value, 5 * unit)) return null;
  const fractions = [
    ...common.denominators.map((denominator) => [Math.round(value * denominator), denominator] as const),
    ...common.short.map((denominator) => [1, denominator] as const),
  ];
  let nearest: [number, number] | null = null;
  let smallest = Number.POSITIVE_INFINITY;
  for (const [numerator, denominator] of fractions) {
    const error = numerator / denominator - value;
    // Rounded or truncated after the last digit.
    if (numerator === 0 || error < -0.51 * unit || error > 0.99 * unit || Math.abs(error) >= smallest) continue;
    smallest = Math.abs(error);
    const divisor = greatestCommonDivisor(numerator, denominator);
    nearest = [numerator / divisor, denominator / divisor];
  }
  return nearest;
}

function isMultiple(value: number, of: number): boolean {
  return Math.abs(value / of - Math.round(value / of)) < floatError;
}

/** "3/2", "1", in lowest terms. */
export function formatRatio(numerator: number, denominator: number): string {
  const divisor = greatestCommonDivisor(Math.abs(numerator), denominator);
  const bottom = denominator / divisor;
  return bottom === 1 ? `${numerator / divisor}` : `${numerator / divisor}/${bottom}`;
}
