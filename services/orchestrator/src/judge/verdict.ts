/** The verdict: all rules, evidence requirements and the self-test, combined into one result. */
import type { Report, Result } from '@encore/contracts';
import type { Evidence } from './evidence.ts';
import type { Finding } from './finding.ts';
import { evaluateRequirements } from './requirements/evidence-requirements.ts';
import { selfTest } from './requirements/self-test.ts';
import { judgeRules } from './rules/rules.ts';

export type Verdict = Pick<Report, 'result' | 'reasons' | 'thresholds'>;

export function verdictOf(evidence: Evidence): Verdict {
  const { results: thresholds, findings } = judgeRules(evidence);
  const all = [...findings, ...evaluateRequirements(evidence), selfTest(evidence)];
  return { ...combine(all, evidence.run.interrupted), thresholds };
}

/** FAILED over INCONCLUSIVE over INTERRUPTED over PASSED. */
function combine(findings: readonly Finding[], interrupted: boolean): { result: Result; reasons: string[] } {
  const failed = findings.filter(({ status }) => status === 'failed');
  const unknown = findings.filter(
    ({ status, waivedIfInterrupted }) => status === 'unknown' && !(interrupted && waivedIfInterrupted === true),
  );
  const reasons = [...failed, ...unknown].map(({ reason }) => reason);
  if (failed.length > 0) return { result: 'FAILED', reasons };
  if (unknown.length > 0) return { result: 'INCONCLUSIVE', reasons };
  return interrupted
    ? { result: 'INTERRUPTED', reasons: ['the run was interrupted'] }
    : { result: 'PASSED', reasons: [] };
}
