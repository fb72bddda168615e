/** Decides whether a share that breaks its rule has too few trials to count as a violation. */

/** 95 % confidence, as for the other bounds in a report. */
const significanceLevel = 0.05;

/**
 * Applies if a single failure in this many trials breaks `share >= minimum`. Then a lower share is
 * a violation only if a server exactly at the minimum fails that often with a probability below 5 %
 * (one-sided binomial test). With more trials the share itself decides.
 */
export function mayBeChance(share: number, trials: number, minimum: number): boolean {
  const failureShare = 1 - minimum;
  if (trials * failureShare >= 1) return false;
  const failures = Math.round((1 - share) * trials);
  return probabilityOf(failures, trials, failureShare) >= significanceLevel;
}

/** Probability that at least `failures` of `trials` independent trials fail. */
function probabilityOf(failures: number, trials: number, probability: number): number {
  let exactly = (1 - probability) ** trials;
  let orMore = 1;
  for (let count = 0; count < failures && orMore >= significanceLevel; count += 1) {
    orMore -= exactly;
    exactly *= ((trials - count) / (count + 1)) * (probability / (1 - probability));
  }
  return orMore;
}
