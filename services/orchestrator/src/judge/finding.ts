/** Combines findings into a result: FAILED over INCONCLUSIVE over INTERRUPTED over PASSED. */
import type { Result } from '@encore/contracts';

/** Result of one rule or one evidence requirement. */
export interface Finding {
  name: string;
  status: 'ok' | 'failed' | 'unknown';
  reason: string;
  /** True if the evidence would have come later in the run, so an interrupted run may lack it. */
  waivedIfInterrupted?: boolean;
}

export function combine(findings: readonly Finding[], interrupted: boolean): { result: Result; reasons: string[] } {
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
