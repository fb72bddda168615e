import assert from 'node:assert/strict';
import type { Target } from '@encore/contracts';
import { describe, it } from 'mocha';
import { simulateRun } from './simulate-run.ts';
import { simulatedConfig as config } from './simulated-config.ts';

describe('simulateRun', () => {
  it('finds no violation in 50 runs of 4 hours', async () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const { problems, kills, faults } = await simulateRun({ ...config, seed });
      assert.deepEqual(problems, [], `seed ${seed}`);
      assert.equal(kills, 8);
      assert.ok(faults > 60);
    }
  });

  it('detects a supervisor that starts a crashed target before the policy', async () => {
    const { problems } = await simulateRun(config, { eager: true });
    assert.match(problems.join(), /a start by supervisor instead of restart-policy/);
  });

  /** Rules that may overlap keep no minimum distance. */
  const rule = (kind: 'latency' | 'crash', target: Target, at: number) => ({
    name: `${kind} at ${at} on ${target}`,
    target,
    when: { atSeconds: [at] },
    pick: 'in-turn' as const,
    overlap: true,
    faults: [
      { kind, weight: 1, params: {}, durationSeconds: kind === 'crash' ? { min: 0, max: 0 } : { min: 10, max: 10 } },
    ],
  });
  const noticed: [string, ReturnType<typeof rule>[], RegExp][] = [
    [
      'overlapping faults',
      [rule('latency', 'server:8000', 100), rule('latency', 'postgres:5432', 100)],
      /f0002 overlaps f0001/,
    ],
    [
      'a crash with too little healthy time before it',
      [rule('latency', 'postgres:5432', 100), rule('crash', 'server', 115)],
      /only 4\d\d\d\.?\d* ms of healthy time before f0002 \(crash\)/,
    ],
    [
      'network faults closer than their minimum distance',
      [rule('latency', 'server:8000', 100), rule('latency', 'server:8000', 125)],
      /f0002 came 25000\.?\d* ms after the network fault before it/,
    ],
  ];
  for (const [what, schedule, problem] of noticed)
    it(`detects ${what}`, async () => {
      const { problems } = await simulateRun({ ...config, schedule });
      assert.match(problems.join(), problem);
      assert.equal(problems.length, 1, problems.join());
    });
});
