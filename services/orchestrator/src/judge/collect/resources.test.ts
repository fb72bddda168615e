import assert from 'node:assert/strict';
import type { EncoreEvent } from '@encore/contracts';
import { describe, it } from 'mocha';
import { judged } from '../../testing/judged-run.ts';
import { plannedFault } from '../../testing/simulated-fault.ts';
import { SimulatedRun } from '../../testing/simulated-run.ts';
import { FaultTracker } from '../faults/fault-tracker.ts';
import { Resources } from './resources.ts';

const minute = 60_000;
const sample = (resources: Resources, at: number, memoryBytes: number, cpuSeconds = 0): void =>
  resources.add({ type: 'target_sampled', at, target: 'server', memoryBytes, memoryLimitBytes: 1_000, cpuSeconds });
const newResources = (): Resources => new Resources(new FaultTracker(new SimulatedRun().plan), () => true);
const start = (resources: Resources, at: number): void =>
  resources.add({ type: 'target_started', at, target: 'server', actor: 'restart-policy', reason: 'crash' });

describe('resources', () => {
  it('show a leak of 60 bytes per hour across restarts', () => {
    const resources = newResources();
    for (let life = 0; life < 6; life += 1) {
      start(resources, life * 60 * minute);
      for (let age = 1; age < 60; age += 1) sample(resources, (life * 60 + age) * minute, 500 + age);
    }
    assert.ok(Math.abs((resources.slopeOf('server') ?? 0) - 60) < 1e-6);
    assert.deepEqual([...(resources.containers.get('server')?.restarts ?? [])], [['restart-policy', 6]]);
  });

  it('have no slope during the warm-up or with too little data', () => {
    const resources = newResources();
    start(resources, 0);
    for (let second = 0; second < 30; second += 1) sample(resources, second * 1_000, second * 10);
    for (let age = 1; age < 40; age += 1) sample(resources, age * minute, 300);
    assert.equal(resources.slopeOf('server'), 0);
    const short = newResources();
    for (let age = 1; age < 15; age += 1) sample(short, age * minute, 300);
    assert.equal(short.slopeOf('server'), null);
    assert.equal(short.slopeOf('nobody'), null);
  });

  it('tell a leak from a cache by the second half of the samples', () => {
    const [leak, cache] = [newResources(), newResources()];
    for (let age = 0; age <= 240; age += 1) {
      sample(leak, age * minute, 500 + age);
      sample(cache, age * minute, 500 + Math.min(age, 60));
    }
    assert.ok(Math.abs((leak.secondHalfSlopeOf('server') ?? 0) - 60) < 1e-6);
    assert.ok((cache.slopeOf('server') ?? 0) > 5);
    assert.equal(cache.secondHalfSlopeOf('server'), 0);
  });

  it('add up CPU seconds across restarts', () => {
    const resources = newResources();
    for (const [at, cpu] of [
      [0, 100],
      [1, 103],
      [2, 1],
      [3, 4],
    ] as const)
      sample(resources, at * minute, 1, cpu);
    assert.equal(resources.containers.get('server')?.cpuSeconds, 3 + 1 + 3);
    assert.equal(resources.containers.get('server')?.peakShare, 0.001);
  });

  it('ignore peaks under a fault that reduces the memory', async () => {
    const cap = plannedFault(1, { kind: 'memory-cap', target: 'server', atSeconds: 40, durationSeconds: 20 });
    const used = (second: number, memoryBytes: number): EncoreEvent => {
      const at = new SimulatedRun().at(second);
      return {
        type: 'target_sampled',
        at,
        target: 'server',
        memoryBytes,
        memoryLimitBytes: 1_000_000_000,
        cpuSeconds: 1,
      };
    };
    const warned = async (second: number): Promise<string[]> => {
      const { report } = await judged({ faults: [cap], extra: [used(second, 900_000_000)] });
      return report.warnings.filter((text) => /memory limit/.test(text));
    };
    assert.deepEqual(await warned(50), []);
    assert.deepEqual(await warned(100), [
      'server used up to 90.00 % of its memory limit while no fault reduced its memory',
    ]);
  });
});
