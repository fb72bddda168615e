/**
 * The bundled system and configs for tests: those of the profiles, and arbitrary ones for
 * fast-check.
 */
import type { RunConfig } from '@encore/contracts';
import { bundledSystemFile, readSystemFile } from '@encore/kit/system-file';
import fc from 'fast-check';

export const system = readSystemFile(bundledSystemFile);

const common: Omit<RunConfig, 'hours' | 'rampSeconds' | 'killIntervalMinutes' | 'recoveryTimeoutSeconds' | 'network'> =
  {
    profile: 'smoke',
    users: 20,
    seed: 7,
    control: 'none',
    monitor: false,
    allowInfeasiblePlan: false,
    capacitySeconds: 0,
    load: {
      mix: { create: 30, analyze: 40, modify: 20, export: 10, heavy: 5 },
      thinkSeconds: { min: 0.5, max: 3 },
      parameters: { byteBudgetPerSecond: 1_000_000, liveScoresPerUser: 20 },
      probesPerSecond: 10,
    },
    thresholds: {},
  };

export const smokeConfig: RunConfig = {
  ...common,
  hours: 0.05,
  rampSeconds: 10,
  killIntervalMinutes: 0.75,
  recoveryTimeoutSeconds: 30,
  network: { intervalSeconds: { min: 15, max: 45 }, durationSeconds: { min: 3, max: 8 } },
};

export const quickConfig: RunConfig = {
  ...common,
  hours: 0.5,
  rampSeconds: 60,
  killIntervalMinutes: 15,
  recoveryTimeoutSeconds: 30,
  network: { intervalSeconds: { min: 30, max: 120 }, durationSeconds: { min: 5, max: 30 } },
};

export const moderateConfig: RunConfig = {
  ...common,
  hours: 4,
  rampSeconds: 300,
  killIntervalMinutes: 30,
  recoveryTimeoutSeconds: 45,
  network: { intervalSeconds: { min: 30, max: 300 }, durationSeconds: { min: 5, max: 30 } },
};

export const fullConfig: RunConfig = {
  ...common,
  hours: 24,
  rampSeconds: 300,
  killIntervalMinutes: 60,
  recoveryTimeoutSeconds: 60,
  network: { intervalSeconds: { min: 30, max: 300 }, durationSeconds: { min: 5, max: 30 } },
};

export const profileConfigs = { smoke: smokeConfig, quick: quickConfig, moderate: moderateConfig, full: fullConfig };

const range = (min: number, max: number): fc.Arbitrary<{ min: number; max: number }> =>
  fc
    .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
    .map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) }));

/** Configs with a default schedule of any length and density in which every kill fits. */
export const anyConfig: fc.Arbitrary<RunConfig> = fc
  .record({
    seed: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    hours: fc.double({ min: 0.02, max: 24, noNaN: true }),
    rampSeconds: fc.integer({ min: 0, max: 60 }),
    killIntervalMinutes: fc.double({ min: 0.6, max: 120, noNaN: true }),
    recoveryTimeoutSeconds: fc.integer({ min: 10, max: 120 }),
    intervalSeconds: range(5, 400),
    durationSeconds: range(1, 40),
  })
  .map(({ intervalSeconds, durationSeconds, ...config }) => ({
    ...common,
    ...config,
    network: { intervalSeconds, durationSeconds },
  }));
