import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { describe, it } from 'mocha';
import { HostSampler } from './host-metrics.ts';

describe('HostSampler', () => {
  it('measures the busy share since the last sample', async () => {
    const sampler = new HostSampler(tmpdir());
    const first = await sampler.sample();
    assert.equal(first.cpuShare, null, 'nothing to compare with');
    const until = performance.now() + 500;
    while (performance.now() < until);
    const { cpuShare, cores, memory, disk } = await sampler.sample();
    assert.ok(cpuShare !== null && cpuShare > 0.5 / cores && cpuShare <= 1, `${cpuShare} of ${cores}`);
    for (const usage of [memory, disk])
      assert.ok(usage && usage.freeBytes > 0 && usage.usedShare > 0 && usage.usedShare < 1, JSON.stringify(usage));
  });

  it('reports no disk for a missing folder', async () => {
    assert.equal((await new HostSampler('/no/such/folder').sample()).disk, null);
  });
});
