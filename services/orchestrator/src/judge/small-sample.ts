/** When is a share too little evidence to break a rule by? */

/** As for the other bounds of a report: 95 % confidence. */
const leastChance = 0.05;

/**
 * Would one single failure among so few trials break `share >= least`? Then a share under it is a violation only where a server
 * that just keeps the rule would come to so many failures less than once in 20 times; otherwise it may be chance. Of more trials
 * the share itself is the judge.
 */
export function mayBeChance(share: number, trials: number, least: number): boolean {
  const failureShare = 1 - least;
  if (trials * failureShare >= 1) return false;
  const failures = Math.round((1 - share) * trials);
  return chanceOf(failures, trials, failureShare) >= leastChance;
}

/** That of `trials`, each failing for itself with this probability, `failures` or more do. */
function chanceOf(failures: number, trials: number, probability: number): number {
  let exactly = (1 - probability) ** trials;
  let orMore = 1;
  for (let count = 0; count < failures && orMore >= leastChance; count += 1) {
    orMore -= exactly;
    exactly *= ((trials - count) / (count + 1)) * (probability / (1 - probability));
  }
  return orMore;
}
