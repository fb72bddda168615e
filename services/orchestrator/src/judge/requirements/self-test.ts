/**
 * Self-test of the judge: evaluates two requirements that cannot be met, one that throws and one
 * that reports missing evidence. If either passes, no result of the other requirements can be
 * trusted.
 */
import type { Evidence } from '../evidence.ts';
import type { Finding } from '../finding.ts';
import { evaluateRequirements } from './evidence-requirements.ts';

const throwing = {
  name: 'throws_on_purpose',
  missing: () => {
    throw new Error('thrown on purpose');
  },
};
const unmet = { name: 'unmet_on_purpose', missing: () => ['missing on purpose'] };

export function selfTest(evidence: Evidence, run: typeof evaluateRequirements = evaluateRequirements): Finding {
  const name = 'requirements_can_fail';
  const passed = [throwing, unmet].filter((requirement) => {
    const findings = run(evidence, [requirement]);
    return findings.length !== 1 || findings[0]?.status !== 'unknown';
  });
  if (passed.length === 0) return { name, status: 'ok', reason: '' };
  const which = passed
    .map((requirement) => (requirement === throwing ? 'that throws' : 'that is unmet'))
    .join(' and one ');
  return {
    name,
    status: 'unknown',
    reason: `an evidence requirement ${which} on purpose was reported as met, so no requirement can be trusted`,
  };
}
