/** Milliseconds in a histogram of fixed size (90 kB): three digits, from 1 µs to 20 minutes. */
import { build, type Histogram } from 'hdr-histogram-js';

const microseconds = 1_000;
const longestMs = 20 * 60 * 1_000;

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
    highestTrackableValue: longestMs * microseconds,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });

  constructor() {
    // Writes to all of its memory, so that a process is not larger later for values that are new to it.
    this.histogram.reset();
  }

  record(ms: number): void {
    this.histogram.recordValue(Math.round(Math.min(Math.max(ms, 0), longestMs) * microseconds));
  }

  percentiles(): Percentiles {
    const { totalCount: count, maxValue } = this.histogram;
    // A percentile is the upper end of its bucket, which may lie above the largest value.
    const at = (percentile: number) =>
      Math.min(this.histogram.getValueAtPercentile(percentile), maxValue) / microseconds;
    if (count === 0) return { count, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 };
    return { count, p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: maxValue / microseconds };
  }

  reset(): void {
    this.histogram.reset();
  }
}
