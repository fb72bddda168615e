/**
 * Computes the verdict of a recorded run: a pure function of what was read from its files.
 *
 *   history ──▶ collectors ──┐
 *   ledger ──────────────────┴─▶ Evidence ──▶ rules, evidence requirements ──▶ verdict ──┐
 *   history ──▶ observers ───────────────────▶ warnings, charts ─────────────────────────┴─▶ Report
 */
import type { Report, Result } from '@encore/contracts';
import { Ledger } from './collect/integrity.ts';
import { evidenceOf } from './evidence.ts';
import type { Finding } from './finding.ts';
import type { History } from './history.ts';
import { observedRun } from './observations/observers.ts';
import { type Series, seriesOf } from './observations/series.ts';
import { type Latencies, type LatencyCurves, missingLatencies } from './read/latencies.ts';
import { reportOf } from './report-of.ts';
import { evaluateRequirements } from './requirements/evidence-requirements.ts';
import { selfTest } from './requirements/self-test.ts';
import { judgeRules } from './rules/rules.ts';

export interface RecordedRun {
  history: History;
  ledger: Ledger;
  /** Problems with the files. Any problem rules out PASSED. */
  problems: readonly string[];
  /** Harmless irregularities in the files, such as a truncated last line. */
  notes?: readonly string[];
  /** From the load generator's own log. No rule reads them, but they must be complete. */
  latencies?: Latencies;
}

export interface Judgement {
  report: Report;
  series: Series;
  curves?: LatencyCurves;
}

export function judge({ history, ledger, problems, notes = [], latencies }: RecordedRun): Judgement {
  const { plan, collectors, observers } = history;
  const missing = latencies === undefined ? [] : missingLatencies(latencies, collectors.run.loadSummary);
  const evidence = evidenceOf(plan, collectors, ledger, [
    ...problems,
    ...missing.map((text) => `latency.hlog: ${text}`),
  ]);
  const { results: thresholds, findings } = judgeRules(evidence);
  const all = [...findings, ...evaluateRequirements(evidence), selfTest(evidence)];
  const verdict = { ...combine(all, evidence.run.interrupted), thresholds };
  const observed = observedRun(evidence, observers);
  return {
    report: reportOf(observed, verdict, { notes, latencies }),
    series: seriesOf(observed),
    ...(latencies === undefined ? {} : { curves: latencies.curves }),
  };
}

/** The metrics whose rules are broken by what happened so far. */
export function brokenRules({ plan, collectors }: History): string[] {
  const { results } = judgeRules(evidenceOf(plan, collectors, new Ledger(), []));
  return results.flatMap(({ name, ok }) => (ok === false ? [name] : []));
}

/** FAILED takes precedence over INCONCLUSIVE, then INTERRUPTED, then PASSED. */
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
