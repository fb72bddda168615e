/** A run of four hours with the default schedule. */
import type { RunConfig } from '@encore/contracts';

export const simulatedConfig: RunConfig = {
  profile: 'full',
  hours: 4,
  rampSeconds: 300,
  users: 50,
  killIntervalMinutes: 30,
  recoveryTimeoutSeconds: 45,
  seed: 0,
  control: 'none',
  monitor: false,
  allowInfeasiblePlan: false,
  network: { intervalSeconds: { min: 30, max: 300 }, durationSeconds: { min: 5, max: 30 } },
  capacitySeconds: 0,
  load: {
    mix: { create: 1, analyze: 1, modify: 1, export: 1, heavy: 1 },
    thinkSeconds: { min: 1, max: 2 },
    parameters: { byteBudgetPerSecond: 1, liveScoresPerUser: 1 },
    probesPerSecond: 10,
  },
  thresholds: {},
};
