import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { makePlan } from './make-plan.ts';
import { profileConfigs, smokeConfig, system } from './plan.fixture.ts';
import { planWarnings } from './plan-warnings.ts';

describe('planWarnings', () => {
  it('returns nothing for the profiles', () => {
    for (const config of Object.values(profileConfigs))
      assert.deepEqual(planWarnings(makePlan(config, system), config), []);
  });

  it('warns of a kill interval that is too long for the run', () => {
    const config = { ...smokeConfig, killIntervalMinutes: 60 };
    assert.deepEqual(planWarnings(makePlan(config, system), config), [
      'no kill is planned: with --kill-interval 60 the first one would be due 30 min into the steady load, which lasts 2.8 min; use a shorter interval or more hours',
      'no fault of schedule rule memory fits into this run; use more hours, or shorter faults and intervals',
      'no fault of schedule rule spikes-and-restarts fits into this run; use more hours, or shorter faults and intervals',
    ]);
  });

  it('warns of a system that allows no kill', () => {
    const server = { ...system.containers['server'], allowedKinds: [], unsupported: {}, replicas: 1 };
    const tame = { ...system, containers: { ...system.containers, server } };
    assert.deepEqual(planWarnings(makePlan(smokeConfig, tame), smokeConfig), [
      'no kill is planned: the system description allows neither crash nor outage of server',
    ]);
  });

  it('warns of each schedule rule in which no fault fits', () => {
    const config = { ...smokeConfig, network: { ...smokeConfig.network, durationSeconds: { min: 60, max: 60 } } };
    assert.deepEqual(planWarnings(makePlan(config, system), config), [
      'no fault of schedule rule network fits into this run; use more hours, or shorter faults and intervals',
    ]);
  });

  it('accepts a schedule without kills, and the server-down control run', () => {
    const empty = { ...smokeConfig, killIntervalMinutes: 60, schedule: [] };
    assert.deepEqual(planWarnings(makePlan(empty, system), empty), []);
    const dead = { ...smokeConfig, killIntervalMinutes: 60, control: 'server-down' as const };
    assert.deepEqual(planWarnings(makePlan(dead, system), dead), []);
  });
});
