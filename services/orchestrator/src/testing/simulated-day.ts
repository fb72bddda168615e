/**
 * A simulated day with the plan of the full profile: all faults have an effect, all targets
 * recover, no write is lost.
 */

import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { makePlan } from '@encore/plan';
import { profiles } from '../settings/profiles.ts';
import { SimulatedRun } from './simulated-run.ts';

const config = { ...profiles.full, profile: 'full' as const, seed: 7 };

export function simulatedDay(operationsPerSecond: number): SimulatedRun {
  const { faults, rampSeconds, steadySeconds, seed } = makePlan(config, bundledSystem);
  const { users, load } = config;
  const { probesPerSecond } = load;
  return new SimulatedRun({
    seed,
    faults,
    rampSeconds,
    steadySeconds,
    users,
    operationsPerSecond,
    probesPerSecond,
    config,
  });
}
