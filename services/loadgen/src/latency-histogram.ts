/** A latency histogram of fixed size (90 kB): three significant digits, from 1 µs to 20 minutes. */
import { build, type Histogram } from 'hdr-histogram-js';

const microseconds = 1_000;
const maxMs = 20 * 60 * 1_000;

export interface Percentiles {
  count: number;
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  max: number;
}

export class LatencyHistogram {
  readonly histogram: Histogram = build({
    bitBucketSize: 32,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: maxMs * microseconds,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });

  constructor() {
    // Touches all of its memory now, so that the process does not grow later.
    this.histogram.reset();
  }

  record(ms: number): void {
    this.histogram.recordValue(Math.round(Math.min(Math.max(ms, 0), maxMs) * microseconds));
  }

  percentiles(): Percentiles {
    const { totalCount: count, maxValue } = this.histogram;
    // A percentile is the upper bound of its bucket, which may exceed the maximum.
    const at = (percentile: number) =>
      Math.min(this.histogram.getValueAtPercentile(percentile), maxValue) / microseconds;
    if (count === 0) return { count, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 };
    return { count, p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: maxValue / microseconds };
  }

  reset(): void {
    this.histogram.reset();
  }
}
