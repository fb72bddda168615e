/**
 * The runs in which seeded bugs must be detected: as short as ten triggers allow. Each is an
 * ordinary settings file, and each also runs without a seeded bug. Their plans may be harder than a
 * user would accept, hence `allowInfeasiblePlan`.
 */
const often = {
  mix: { create: 30, analyze: 10, modify: 20, export: 30, heavy: 0 },
  thinkSeconds: { min: 0.5, max: 1 },
  parameters: { byteBudgetPerSecond: 200_000, liveScoresPerUser: 20 },
  probesPerSecond: 10,
};
const short = { profile: 'smoke', rampSeconds: 5, recoveryTimeoutSeconds: 15, allowInfeasiblePlan: true, load: often };
const rule = (name: string, target: string, when: object, faults: object[]) => ({ name, target, when, faults });
const forSeconds = (seconds: number) => ({ min: seconds, max: seconds });

export interface Scenario {
  what: string;
  seconds: number;
  /** Null: no lab, only the load generator against a server in memory. */
  settings: object | null;
  /** Replaces the shipped server_config.json; missing settings have their defaults. */
  serverConfig?: object;
}

export const scenarios = {
  calm: { what: 'load alone', seconds: 60, settings: { ...short, users: 20, schedule: [] } },
  smoke: { what: 'the smoke profile', seconds: 180, settings: { profile: 'smoke' } },
  crashes: {
    what: '60 users, a crash every 24 s',
    seconds: 120,
    settings: {
      ...short,
      users: 60,
      killIntervalMinutes: 0.4,
      schedule: [rule('crashes', 'server', { everyMinutes: 0.4 }, [{ kind: 'crash' }])],
    },
  },
  'cut answers': {
    what: 'connections cut within the response, for 4 s every 20 s',
    seconds: 100,
    settings: {
      ...short,
      users: 40,
      schedule: [
        rule('cuts', 'server:8000', { everyMinutes: 1 / 3 }, [
          { kind: 'limit-data', durationSeconds: forSeconds(4), params: { bytes: 100 } },
        ]),
      ],
    },
  },
  'long calm': {
    what: 'small scores, only written and exported; a small cache that fills early',
    seconds: 445,
    serverConfig: { cache: { scores: 20, megabytes: 4 } },
    settings: {
      ...short,
      users: 10,
      schedule: [],
      // A third of the leak's 63 MB/h.
      thresholds: { memory_floor_slope_bytes_per_hour: 'value<20000000' },
      load: { ...often, mix: { create: 30, analyze: 0, modify: 20, export: 50, heavy: 0 } },
    },
  },
  'database lost': {
    what: 'the database down for 6 s, twice',
    seconds: 110,
    settings: {
      ...short,
      users: 20,
      schedule: [
        rule('losses', 'postgres', { atSeconds: [15, 65] }, [
          { kind: 'outage', params: { until: 'revert' }, durationSeconds: forSeconds(6) },
        ]),
      ],
    },
  },
  overload: {
    what: '400 users with hardly any pauses, nothing else',
    seconds: 100,
    settings: { ...short, users: 400, schedule: [], load: { ...often, thinkSeconds: { min: 0.1, max: 0.3 } } },
  },
  'one outage': {
    what: 'the server killed once, and 90 s of load after it',
    seconds: 115,
    settings: {
      ...short,
      users: 20,
      schedule: [rule('outage', 'server', { atSeconds: [15] }, [{ kind: 'outage' }])],
    },
  },
  deploys: {
    what: 'ten graceful restarts',
    seconds: 270,
    settings: {
      ...short,
      users: 20,
      killIntervalMinutes: 0.4,
      schedule: [rule('deploys', 'server', { everyMinutes: 0.4 }, [{ kind: 'restart' }])],
    },
  },
  freezes: {
    what: 'the server paused for 3 s, twice',
    seconds: 90,
    settings: {
      ...short,
      users: 20,
      schedule: [
        rule('pauses', 'server', { atSeconds: [10, 50] }, [{ kind: 'freeze', durationSeconds: forSeconds(3) }]),
      ],
    },
  },
  loopback: { what: '200,000 acknowledgements on loopback, no lab', seconds: 180, settings: null },
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof scenarios;
