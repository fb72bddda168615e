import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { MemoryTrace } from './memory-trace.ts';

function traceOf(samples: [second: number, bytes: number, limit?: number][], maxSeconds = 60): MemoryTrace {
  const trace = new MemoryTrace(maxSeconds);
  for (const [second, memoryBytes, memoryLimitBytes = 500] of samples) {
    const at = second * 1_000;
    trace.add({ type: 'target_sampled', at, target: 'server', memoryBytes, memoryLimitBytes, cpuSeconds: 0 });
  }
  return trace;
}

describe('memory trace', () => {
  it('returns the highest use and the lowest limit of a span', () => {
    const trace = traceOf([
      [100, 10],
      [103, 30, 200],
      [105, 20],
    ]);
    assert.equal(trace.peakWithin('server', 100, 110), 30);
    assert.equal(trace.limitWithin('server', 100, 110), 200);
    assert.equal(trace.limitWithin('server', 105, 110), 500);
    assert.equal(trace.peakWithin('postgres', 100, 110), null);
  });

  it('fills a gap of one slot, but not a longer one', () => {
    const trace = traceOf([
      [104.9, 10],
      [110.1, 20],
      [125.1, 30],
    ]);
    const shown = [100, 105, 110, 115, 120, 125, 130].map((at) => trace.peakWithin('server', at, at + 5));
    assert.deepEqual(shown, [10, 10, 20, null, null, 30, null]);
  });

  it('has no data before the first sample and after the planned end', () => {
    const trace = traceOf([
      [100, 10],
      [155, 20],
      [160, 30],
    ]);
    assert.equal(trace.peakWithin('server', 50, 100), null);
    assert.equal(trace.peakWithin('server', 155, 160), 20);
    assert.equal(trace.peakWithin('server', 160, 165), null);
  });
});
