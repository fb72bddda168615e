/** Rules of the verdict: the default thresholds, those of the config, and their evaluation. */
import type { Report } from '@encore/contracts';
import { describeError } from '@encore/kit';
import type { IntegrityChecks, Settings } from '../collect/run-facts.ts';
import type { Evidence } from '../evidence.ts';
import type { Finding } from '../finding.ts';
import { boundText, mayBeChance, shownPerHour, upperBound } from './confidence.ts';
import { figureText, isMetric, type MetricName, rowOf } from './metric-table.ts';
import { type Figure, metrics } from './metrics.ts';
import { aggregate, holds, parseThreshold, type Threshold } from './threshold.ts';

type ThresholdResult = Report['thresholds'][number];

const allChecks: IntegrityChecks = { writes: true, phantoms: true };

/**
 * Default threshold of each metric. A plan without faults has none for recoveries, a workload
 * without read-back none for integrity.
 */
export function defaultThresholds(
  settings: Settings,
  faultsPlanned: boolean,
  { writes, phantoms }: IntegrityChecks,
): Partial<Record<MetricName, string>> {
  const long = settings.profile === 'moderate' || settings.profile === 'full';
  return {
    success_rate: 'value>=0.95',
    ...(long ? { attempt_success_rate: 'value>=0.95' } : {}),
    // The 500 probes or so of a smoke run cannot distinguish 99.9 % from 99.8 %.
    availability_fault_free: settings.profile === 'smoke' ? 'value>=0.99' : 'value>=0.999',
    ...(faultsPlanned ? { recovery_seconds: `max<${settings.recoveryTimeoutSeconds}` } : {}),
    // The same in every profile, like the server's database breaker (5 s); see docs/REPORT.md.
    ...(faultsPlanned ? { back_to_normal_seconds: 'max<8' } : {}),
    ...(writes ? { lost_writes: 'count==0', corrupt_writes: 'count==0', duplicate_writes: 'count==0' } : {}),
    ...(phantoms ? { phantom_writes: 'count==0' } : {}),
    wrong_answers: 'count==0',
    leaks: 'count==0',
    external_containers: 'count==0',
    manual_interventions: 'count==0',
    unexpected_exits: 'count==0',
    forced_stops: 'count==0',
  };
}

/** The rules of a run: the defaults, overridden and extended by the config. */
export function thresholdsOf(
  settings: Settings,
  faultsPlanned: boolean,
  checks: IntegrityChecks = allChecks,
): Record<string, string> {
  return { ...defaultThresholds(settings, faultsPlanned, checks), ...settings.thresholds };
}

/** The limit in the run's rule for this metric; NaN if it has no rule. */
export function limitOf(metric: string, settings: Settings): number {
  const expression = thresholdsOf(settings, true)[metric];
  return expression === undefined ? Number.NaN : parseThreshold(metric, expression).limit;
}

export function judgeRules(evidence: Evidence): { results: ThresholdResult[]; findings: Finding[] } {
  const { settings, plan, run } = evidence;
  const expressions = thresholdsOf(settings, plan.faults.length > 0, run.checks);
  const results: ThresholdResult[] = [];
  const findings: Finding[] = [];
  const withoutData: string[] = [];
  for (const [name, expression] of Object.entries(expressions)) {
    try {
      const result = judgeRule(name, expression, evidence);
      results.push(result);
      if (result.ok === false) findings.push(violationOf(result));
      if (result.ok === null) withoutData.push(`${name} (${expression})`);
    } catch (error) {
      const note = `the rule could not be evaluated: ${describeError(error)}`;
      results.push({ name, expression, value: null, ok: null, note });
      findings.push({ name, status: 'unknown', reason: `${name}: ${note}` });
    }
  }
  if (withoutData.length > 0) {
    const reason = `not enough data for the rules ${withoutData.join(', ')}`;
    findings.push({ name: 'rules_have_data', status: 'unknown', reason, waivedIfInterrupted: true });
  }
  return { results, findings };
}

function judgeRule(name: string, expression: string, evidence: Evidence): ThresholdResult {
  const threshold = parseThreshold(name, expression);
  const figure = metrics[threshold.metric](evidence);
  const value = aggregateOf(figure, threshold, evidence.observedSeconds);
  const tooFew = isTooSmall(figure, threshold);
  const note = tooFew ? tooFewOf(figure) : noteOf(figure, value);
  const ok = value === null || tooFew ? null : holds(threshold.operator, value, threshold.limit);
  // JSON has no Infinity: what never happened has no value, and the note explains it.
  const shown = value === null || !Number.isFinite(value) ? null : value;
  return { name, expression, value: shown, ok, ...(note === undefined ? {} : { note }) };
}

function aggregateOf(figure: Figure, threshold: Threshold, observedSeconds: number): number | null {
  switch (figure.shape) {
    case 'value':
      return figure.value;
    case 'trend':
      return aggregate(figure.samples, threshold);
    case 'count':
      if (threshold.aggregation === 'count' || figure.count === null) return figure.count;
      return observedSeconds === 0 ? null : figure.count / observedSeconds;
  }
}

/**
 * True if the figure cannot decide its rule: a share breaks it with so few trials that this may be
 * chance, or samples meet it while too many are missing.
 */
function isTooSmall(figure: Figure, threshold: Threshold): boolean {
  const { operator, limit } = threshold;
  if (figure.shape === 'trend' && figure.tooFew === true) {
    const value = aggregate(figure.samples, threshold);
    return value !== null && holds(operator, value, limit);
  }
  if (figure.shape !== 'value' || figure.value === null || figure.of === undefined) return false;
  if ((operator !== '>=' && operator !== '>') || holds(operator, figure.value, limit)) return false;
  return mayBeChance(figure.value, figure.of, limit);
}

function tooFewOf({ shape, note, of = 0 }: Figure): string {
  if (shape === 'trend') return note ?? 'too few were measured';
  return `${note === undefined ? '' : `${note}; `}${of.toLocaleString('en-US')} are too few to decide`;
}

/** Adds to a zero count the smallest rate that the run would have detected. */
function noteOf(figure: Figure, value: number | null): string | undefined {
  if (figure.note !== undefined) return figure.note;
  if (figure.shape !== 'count' || value !== 0) return undefined;
  const { of, what, hours = 0 } = figure;
  const shown = 'or more would have been detected with 95 % probability, if independent';
  if (of === undefined)
    return hours > 0
      ? `none in ${Number(hours.toPrecision(3))} h: ${Number(shownPerHour(hours).toPrecision(3))} per hour ${shown}`
      : undefined;
  if (of === 0) return `there were no ${what}, so it proves nothing about them`;
  return `0 of ${of.toLocaleString('en-US')} ${what}: a rate of ${boundText(upperBound(0, of))} ${shown}`;
}

function violationOf({ name, expression, value, note }: ThresholdResult): Finding {
  const row = isMetric(name) ? rowOf(name) : null;
  const measured = value === null ? row?.never : figureText(name, value);
  const zone = row?.hasZones === true ? zoneOf(value) : null;
  const rule = [`rule: ${ruleText(name, expression)}`, ...(zone === null ? [] : [zone])].join('; ');
  return { name, status: 'failed', reason: `${name}: ${measured} (${rule})${note === undefined ? '' : `; ${note}`}` };
}

/** The rule, with its limit in the unit of the metric if the number alone is hard to read. */
export function ruleText(name: string, expression: string): string {
  if (!isMetric(name) || rowOf(name).unit !== 'bytes per hour') return expression;
  return `${expression}, which is ${figureText(name, parseThreshold(name, expression).limit)}`;
}

/** The guide's zone of a success rate; null at 95 % or more. */
export function zoneOf(rate: number | null): string | null {
  if (rate === null || rate >= 0.95) return null;
  return rate >= 0.9 ? 'warning zone: 90 to 95 %' : 'failure zone: below 90 %';
}
