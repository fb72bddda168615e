/** What a figure of each metric looks like; metrics.ts computes the figures. */
import { bytesText, percentText, secondsText, thousands } from '../../text.ts';

/** The aggregations that a rule may use. */
export const aggregations = {
  /** One number. */
  value: ['value'],
  /** A number of occurrences; `rate` is per second of observed time. */
  count: ['count', 'rate'],
  /** Many samples. */
  trend: ['min', 'max', 'avg', 'med', 'p(N)', 'count'],
} as const;

interface MetricRow {
  shape: keyof typeof aggregations;
  /** `share`: a number between 0 and 1, printed as a percentage. */
  unit: 'share' | 'seconds' | 'bytes per hour' | 'count';
  /** What an infinite sample means. */
  never?: string;
  /** True if the guide divides the values into zones. */
  hasZones?: true;
}

const share = { shape: 'value', unit: 'share' } as const;
const count = { shape: 'count', unit: 'count' } as const;
const slope = { shape: 'value', unit: 'bytes per hour' } as const;

export const metricTable = {
  success_rate: { ...share, hasZones: true },
  success_rate_of_planned: share,
  attempt_success_rate: { ...share, hasZones: true },
  availability: share,
  availability_fault_free: share,
  availability_without_sheds: share,
  longest_outage_seconds: { shape: 'value', unit: 'seconds' },
  recovery_seconds: { shape: 'trend', unit: 'seconds', never: 'never recovered' },
  detection_seconds: { shape: 'trend', unit: 'seconds' },
  back_to_normal_seconds: { shape: 'trend', unit: 'seconds', never: 'never back to normal' },
  lost_writes: count,
  corrupt_writes: count,
  duplicate_writes: count,
  phantom_writes: count,
  leaks: count,
  external_containers: count,
  manual_interventions: count,
  unexpected_exits: count,
  forced_stops: count,
  unexplained_failures: count,
  wrong_answers: count,
  sheds: count,
  skipped_operations: count,
  memory_slope_bytes_per_hour: slope,
  memory_floor_slope_bytes_per_hour: slope,
  memory_peak_share: share,
} as const satisfies Record<string, MetricRow>;
export type MetricName = keyof typeof metricTable;

export function isMetric(name: string): name is MetricName {
  return Object.hasOwn(metricTable, name);
}

export function rowOf(metric: MetricName): MetricRow {
  return metricTable[metric];
}

export function exampleOf(metric: MetricName): string {
  const { shape, unit } = rowOf(metric);
  if (unit === 'share') return 'value>=0.95';
  return { value: 'value<60', count: 'count==0', trend: 'max<60' }[shape];
}

/** A figure of the metric in its unit; a dash for null. */
export function figureText(metric: string, value: number | null): string {
  if (value === null) return '–';
  switch (isMetric(metric) ? rowOf(metric).unit : 'count') {
    case 'share':
      return percentText(value);
    case 'seconds':
      return secondsText(value);
    case 'bytes per hour':
      return `${bytesText(value)}/h`;
    case 'count':
      return thousands(Number(value.toFixed(3)));
  }
}
