import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { LatencyHistogram } from './latency-histogram.ts';

describe('latency histogram', () => {
  it('has no percentile above its maximum', () => {
    for (const ms of [0.4, 9.999, 123.457, 2_345.678, 65_432.1]) {
      const latencies = new LatencyHistogram();
      latencies.record(ms / 2);
      latencies.record(ms);
      const { p50, p90, p99, p999, max } = latencies.percentiles();
      assert.ok(p50 <= p90 && p90 <= p99 && p99 <= p999 && p999 <= max, JSON.stringify({ ms, p50, p999, max }));
      assert.equal(max, Math.round(ms * 1_000) / 1_000);
    }
  });
});
