/**
 * Parses and evaluates rules in k6's threshold grammar, `<aggregation> <operator> <number>`, for
 * example `max<60` or `p(95)<=30`. Each metric lists its aggregations, so that a meaningless rule
 * is rejected before a 24-hour run.
 */
import { EncoreError } from '@encore/kit';
import { percentileOf, share } from '../../figures.ts';
import { aggregations, exampleOf, isMetric, type MetricName, metricTable, rowOf } from './metric-table.ts';

const operators = {
  '<': (value: number, limit: number) => value < limit,
  '<=': (value: number, limit: number) => value <= limit,
  '>': (value: number, limit: number) => value > limit,
  '>=': (value: number, limit: number) => value >= limit,
  '==': (value: number, limit: number) => value === limit,
  '!=': (value: number, limit: number) => value !== limit,
};
export type Operator = keyof typeof operators;

export interface Threshold {
  metric: MetricName;
  aggregation: 'value' | 'count' | 'rate' | 'min' | 'max' | 'avg' | 'med' | 'p';
  /** For `p(N)`, 0 to 100. */
  percentile: number | null;
  operator: Operator;
  limit: number;
}

const grammar =
  /^(value|count|rate|min|max|avg|med|p\(\s*(\d+(?:\.\d+)?)\s*\))\s*(<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?(?:e-?\d+)?)$/;

/** Throws INVALID_THRESHOLD with a message that states what would be valid. */
export function parseThreshold(metric: string, expression: string): Threshold {
  if (!isMetric(metric)) {
    throw invalid(`thresholds.${metric}: unknown metric. Use one of ${Object.keys(metricTable).join(', ')}`);
  }
  const { shape, unit } = rowOf(metric);
  const known: readonly string[] = aggregations[shape];
  const allowed = known.join(', ');
  const match = grammar.exec(expression.trim());
  if (match === null) {
    throw invalid(
      `thresholds.${metric}: "${expression}" is not a rule. Write an aggregation (${allowed}), an operator (< <= > >= == !=) and a number, for example "${exampleOf(metric)}"`,
    );
  }
  const [, left = '', percentileText, operator, limit] = match;
  const percentile = percentileText === undefined ? null : Number(percentileText);
  const aggregation = percentile === null ? left : 'p';
  if (!known.includes(aggregation === 'p' ? 'p(N)' : aggregation)) {
    throw invalid(`thresholds.${metric}: "${left}" does not apply to this metric. Use ${allowed}`);
  }
  if (percentile !== null && percentile > 100) {
    throw invalid(`thresholds.${metric}: the N of p(N) must be between 0 and 100, not ${percentile}`);
  }
  if (unit === 'share' && !(Number(limit) >= 0 && Number(limit) <= 1)) {
    throw invalid(`thresholds.${metric}: the limit must be between 0 and 1, not ${limit}. Write 95 % as 0.95`);
  }
  return {
    metric,
    aggregation: aggregation as Threshold['aggregation'],
    percentile,
    operator: operator as Operator,
    limit: Number(limit),
  };
}

export function holds(operator: Operator, value: number, limit: number): boolean {
  return operators[operator](value, limit);
}

/** The percentiles that have a name. */
const ranks: Partial<Record<Threshold['aggregation'], number>> = { min: 0, med: 50, max: 100 };

/** Aggregates samples (Infinity: the event never happened); null without samples. */
export function aggregate(samples: readonly number[], { aggregation, percentile }: Threshold): number | null {
  if (aggregation === 'count') return samples.length;
  if (aggregation === 'avg')
    return share(
      samples.reduce((sum, sample) => sum + sample, 0),
      samples.length,
    );
  const sorted = samples.toSorted((a, b) => a - b);
  return percentileOf(sorted, percentile ?? ranks[aggregation] ?? 50);
}

function invalid(message: string): EncoreError {
  return new EncoreError('INVALID_THRESHOLD', message);
}
