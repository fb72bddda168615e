/** The four profiles, the lowest layer of the settings. */
import type { ProfileName, RunConfig } from '@encore/contracts';

type Profile = Omit<RunConfig, 'seed' | 'profile'>;

const load: RunConfig['load'] = {
  // The workload has a default for each.
  mix: {},
  thinkSeconds: { min: 0.5, max: 3 },
  parameters: {},
  probesPerSecond: 10,
};

const common = {
  control: 'none',
  monitor: true,
  allowInfeasiblePlan: false,
  load,
  thresholds: {},
} satisfies Partial<Profile>;

export const profiles: Record<ProfileName, Profile> = {
  smoke: {
    ...common,
    capacitySeconds: 3,
    hours: 0.05,
    rampSeconds: 10,
    users: 20,
    killIntervalMinutes: 0.75,
    recoveryTimeoutSeconds: 30,
    network: { intervalSeconds: { min: 15, max: 45 }, durationSeconds: { min: 3, max: 8 } },
  },
  quick: {
    ...common,
    capacitySeconds: 5,
    hours: 0.5,
    rampSeconds: 60,
    users: 10,
    killIntervalMinutes: 15,
    recoveryTimeoutSeconds: 30,
    network: { intervalSeconds: { min: 30, max: 120 }, durationSeconds: { min: 5, max: 30 } },
  },
  moderate: {
    ...common,
    capacitySeconds: 10,
    hours: 4,
    rampSeconds: 300,
    users: 50,
    killIntervalMinutes: 30,
    recoveryTimeoutSeconds: 45,
    network: { intervalSeconds: { min: 30, max: 300 }, durationSeconds: { min: 5, max: 30 } },
  },
  full: {
    ...common,
    capacitySeconds: 10,
    hours: 24,
    rampSeconds: 300,
    users: 100,
    killIntervalMinutes: 60,
    recoveryTimeoutSeconds: 60,
    network: { intervalSeconds: { min: 30, max: 300 }, durationSeconds: { min: 5, max: 30 } },
  },
};
