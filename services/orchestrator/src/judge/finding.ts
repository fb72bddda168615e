/** What one check says. FAILED beats INCONCLUSIVE beats INTERRUPTED beats PASSED. */
import type { Result } from '@encore/contracts';

export interface Finding {
  name: string;
  verdict: 'ok' | 'failed' | 'unknown';
  reason: string;
  /** The evidence is missing because somebody ended the run early; it would have come later. */
  excused?: boolean;
}

export function combine(findings: readonly Finding[], interrupted: boolean): { result: Result; reasons: string[] } {
  const failed = findings.filter(({ verdict }) => verdict === 'failed');
  const unknown = findings.filter(
    ({ verdict, excused }) => verdict === 'unknown' && !(interrupted && excused === true),
  );
  const reasons = [...failed, ...unknown].map(({ reason }) => reason);
  if (failed.length > 0) return { result: 'FAILED', reasons };
  if (unknown.length > 0) return { result: 'INCONCLUSIVE', reasons };
  return interrupted
    ? { result: 'INTERRUPTED', reasons: ['the run was interrupted'] }
    : { result: 'PASSED', reasons: [] };
}
