import assert from 'node:assert/strict';
import type { RunConfig } from '@encore/contracts';
import { describe, it } from 'mocha';
import { simulateRun } from './simulate-run.ts';

const config: RunConfig = {
  profile: 'full',
  hours: 4,
  rampSeconds: 300,
  users: 50,
  killIntervalMinutes: 30,
  recoveryTimeoutSeconds: 45,
  seed: 0,
  control: 'none',
  monitor: false,
  unwinnable: false,
  network: { intervalSeconds: { min: 30, max: 300 }, durationSeconds: { min: 5, max: 30 } },
  capacitySeconds: 0,
  load: {
    mix: { create: 1, analyze: 1, modify: 1, export: 1, heavy: 1 },
    thinkSeconds: { min: 1, max: 2 },
    byteBudgetPerSecond: 1,
    liveScoresPerUser: 1,
    probesPerSecond: 10,
  },
  thresholds: {},
};

describe('simulateRun', () => {
  it('keeps every promise over 50 runs of 4 hours', async () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const { problems, kills, faults } = await simulateRun({ ...config, seed });
      assert.deepEqual(problems, [], `seed ${seed}`);
      assert.equal(kills, 8);
      assert.ok(faults > 60);
    }
  });

  it('would notice a supervisor that does not leave a crash to the policy', async () => {
    const { problems } = await simulateRun(config, { eager: true });
    assert.match(problems.join(), /a start by supervisor, not by policy/);
  });

  it('would notice faults that overlap', async () => {
    const rule = (name: string, target: 'client-link' | 'database-link') => ({
      name,
      target,
      when: { atSeconds: [100] },
      pick: 'in-turn' as const,
      overlap: true,
      faults: [{ kind: 'latency' as const, weight: 1, params: {}, durationSeconds: { min: 10, max: 10 } }],
    });
    const { problems } = await simulateRun({
      ...config,
      schedule: [rule('one', 'client-link'), rule('two', 'database-link')],
    });
    assert.match(problems.join(), /f0002 overlaps f0001/);
  });
});
