/** What a number of trials proves: exact bounds at 95 % confidence, for independent trials. */

const errorShare = 0.05;
/** Halves the interval until a double cannot hold a smaller one. */
const bisections = 60;

/**
 * The upper bound of the one-sided Clopper-Pearson interval: with this share, at most `failures` of
 * `trials` fail with a probability of 5 %. Without a failure that is the smallest share that the
 * trials would have detected with a probability of 95 %, about 3/N (rule of three).
 */
export function upperBound(failures: number, trials: number): number {
  if (failures >= trials) return 1;
  if (failures === 0) return -Math.expm1(Math.log(errorShare) / trials);
  let [low, high] = [failures / trials, 1];
  for (let i = 0; i < bisections; i += 1) {
    const middle = (low + high) / 2;
    if (probabilityOfAtMost(failures, trials, middle) > errorShare) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * The smallest hourly rate of independent events that would have been detected, if none was
 * observed.
 */
export function shownPerHour(hours: number): number {
  return -Math.log(errorShare) / hours;
}

/** Cumulative binomial distribution, by logarithms: its terms are too small for many trials. */
function probabilityOfAtMost(failures: number, trials: number, share: number): number {
  let logTerm = trials * Math.log1p(-share);
  let sum = Math.exp(logTerm);
  for (let count = 1; count <= failures; count += 1) {
    logTerm += Math.log((trials - count + 1) / count) + Math.log(share) - Math.log1p(-share);
    sum += Math.exp(logTerm);
  }
  return sum;
}

/**
 * Decides whether a share that breaks its rule has too few trials to count as a violation. Applies
 * if a single failure in this many trials breaks `share >= minimum`. Then a lower share is a
 * violation only if a server exactly at the minimum fails that often with a probability below 5 %
 * (one-sided binomial test). With more trials the share itself decides.
 */
export function mayBeChance(share: number, trials: number, minimum: number): boolean {
  const failureShare = 1 - minimum;
  if (trials * failureShare >= 1) return false;
  const failures = Math.round((1 - share) * trials);
  return 1 - probabilityOfAtMost(failures - 1, trials, failureShare) >= errorShare;
}

/** A share as a percentage or per million, with three significant digits. */
export function boundText(share: number): string {
  return share >= 0.0001
    ? `${Number((share * 100).toPrecision(3))} %`
    : `${Number((share * 1e6).toPrecision(3))} per million`;
}

/** `22 of 22 kills recovered: the failure rate is at most 12.7 % at 95 % confidence`. */
export function recoveredText(recovered: number, trials: number, what: string): string {
  const counted = `${recovered} of ${trials} ${what} recovered`;
  if (recovered === 0) return counted;
  const bound = boundText(upperBound(trials - recovered, trials));
  return `${counted}: the failure rate is at most ${bound} at 95 % confidence`;
}
