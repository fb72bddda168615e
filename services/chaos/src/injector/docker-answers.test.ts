import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { toStats } from './docker-answers.ts';

const cpu_stats = { cpu_usage: { total_usage: 2_500_000_000 } };

describe('toStats', () => {
  it('leaves file cache out of the memory, on cgroup v1 and v2', () => {
    // Measured at a PostgreSQL: rss and shared buffers, and the cache of its files beside them.
    const version1 = { usage: 134, stats: { total_inactive_file: 62, total_active_file: 14, inactive_file: 1 } };
    const version2 = { usage: 134, stats: { inactive_file: 62, active_file: 14 } };
    for (const memory_stats of [version1, version2])
      assert.equal(toStats({ memory_stats, cpu_stats }).memoryBytes, 58, JSON.stringify(memory_stats));
  });

  it('reports zeros for a container that does not run', () => {
    assert.deepEqual(toStats({ memory_stats: {}, cpu_stats }), {
      memoryBytes: 0,
      memoryLimitBytes: 0,
      cpuSeconds: 2.5,
      throttledPeriods: 0,
    });
  });
});
