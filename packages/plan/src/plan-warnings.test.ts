import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { makePlan } from './make-plan.ts';
import { profileConfigs, smokeConfig } from './plan.fixture.ts';
import { planWarnings } from './plan-warnings.ts';

describe('warnings of a plan', () => {
  it('are none where every profile gets its kills', () => {
    for (const config of Object.values(profileConfigs)) assert.deepEqual(planWarnings(makePlan(config), config), []);
  });

  it('tell of an interval that leaves no room for a kill, with what would be right', () => {
    const config = { ...smokeConfig, killIntervalMinutes: 60 };
    assert.deepEqual(planWarnings(makePlan(config), config), [
      'no kill is planned: with --kill-interval 60 the first one would come 30 min into the steady load, which lasts 2.8 min; take a shorter interval or more hours',
      'no fault of schedule rule memory has room in this run; take more hours, or shorter faults and intervals',
      'no fault of schedule rule memory-spikes has room in this run; take more hours, or shorter faults and intervals',
    ]);
  });

  it('tell of each schedule rule that comes to nothing', () => {
    const config = { ...smokeConfig, network: { ...smokeConfig.network, durationSeconds: { min: 60, max: 60 } } };
    assert.deepEqual(planWarnings(makePlan(config), config), [
      'no fault of schedule rule network has room in this run; take more hours, or shorter faults and intervals',
    ]);
  });

  it('miss no kill in a schedule that plans none, nor beside a dead server', () => {
    const empty = { ...smokeConfig, killIntervalMinutes: 60, schedule: [] };
    assert.deepEqual(planWarnings(makePlan(empty), empty), []);
    const dead = { ...smokeConfig, killIntervalMinutes: 60, control: 'server-down' as const };
    assert.deepEqual(planWarnings(makePlan(dead), dead), []);
  });
});
