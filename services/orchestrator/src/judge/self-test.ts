/**
 * Does the judge itself work? Two checks whose outcome is known go through the same hands as all others: one that throws and
 * one that misses something. If either comes back as consent, nothing that the others said is worth anything.
 */
import { runChecks } from './checks.ts';
import type { Evidence } from './evidence.ts';
import type { Finding } from './finding.ts';

const common = { demands: 'nothing, for it is not about the run', excused: false };
const throwing = {
  ...common,
  name: 'throws_on_purpose',
  missing: () => {
    throw new Error('thrown on purpose');
  },
};
const lacking = { ...common, name: 'lacks_on_purpose', missing: () => ['evidence that nobody has'] };

export function selfTest(evidence: Evidence, run: typeof runChecks = runChecks): Finding {
  const name = 'checks_can_fail';
  const deaf = [throwing, lacking].filter((check) => {
    const findings = run(evidence, [check]);
    return findings.length !== 1 || findings[0]?.verdict !== 'unknown';
  });
  if (deaf.length === 0) return { name, verdict: 'ok', reason: '' };
  const what = deaf.map((check) => (check === throwing ? 'that throws' : 'that misses something')).join(' and one ');
  return {
    name,
    verdict: 'unknown',
    reason: `a check ${what} on purpose was taken for consent: no check can be believed`,
  };
}
