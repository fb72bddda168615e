import assert from 'node:assert/strict';
import {
  behaviourOf,
  isKill,
  type PlannedFault,
  planSchema,
  type RunConfig,
  type ScheduleRule,
} from '@encore/contracts';
import { plannedSystem } from '@encore/kit';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { layOut } from './layout.ts';
import { makePlan, planHash } from './make-plan.ts';
import { anyConfig, fullConfig, profileConfigs, smokeConfig, system } from './plan.fixture.ts';
import { refusePlan } from './refuse-plan.ts';
import { lastRecoverySeconds } from './run-times.ts';

const endOf = (fault: PlannedFault): number => fault.atSeconds + fault.durationSeconds;
const serverProxy = (faults: PlannedFault[]): PlannedFault[] => faults.filter(({ target }) => target === 'server:8000');
const isOutage = (fault: PlannedFault): boolean => behaviourOf(fault).totalOutage;
const pairs = <T>(items: T[]): [T, T][] => items.slice(1).map((item, index): [T, T] => [items[index] as T, item]);

describe('makePlan', () => {
  it('is deterministic for a config and seed, and varies with the seed', () => {
    fc.assert(
      fc.property(anyConfig, (config) => {
        const plan = makePlan(config, system);
        assert.deepEqual(makePlan(structuredClone(config), system), plan);
        assert.equal(planHash(plan), plan.hash);
        assert.deepEqual(planSchema.parse(JSON.parse(JSON.stringify(plan))), plan);
      }),
      { numRuns: 50 },
    );
    assert.notEqual(makePlan(fullConfig, system).hash, makePlan({ ...fullConfig, seed: 8 }, system).hash);
  });

  it('never overlaps faults and leaves 10 healthy seconds before each crash', () => {
    fc.assert(
      fc.property(anyConfig, (config) => {
        for (const [a, b] of pairs(makePlan(config, system).faults)) {
          const needed = 3 + (b.kind === 'crash' ? 10 : 0) + (isKill(a) ? 7 : 0);
          assert.ok(b.atSeconds - endOf(a) >= needed - 1e-6, `${JSON.stringify(a)} then ${JSON.stringify(b)}`);
        }
      }),
    );
  });

  it('plans one kill per interval at its exact time, alternating crash and outage', () => {
    fc.assert(
      fc.property(anyConfig, (config) => {
        const plan = makePlan(config, system);
        const interval = config.killIntervalMinutes * 60;
        const count = Math.max(0, Math.floor((plan.steadySeconds - lastRecoverySeconds(config)) / interval + 0.5));
        const kills = plan.faults.filter(isKill);
        // A kill within 1 ms of the boundary may fall on either side of it.
        if (kills.length !== count) {
          const boundaryAt = (Math.max(kills.length, count) - 0.5) * interval;
          assert.equal(Math.abs(kills.length - count), 1);
          assert.ok(Math.abs(boundaryAt - (plan.steadySeconds - lastRecoverySeconds(config))) < 0.002);
        }
        for (const [index, kill] of kills.entries()) {
          assert.equal(kill.kind, index % 2 === 0 ? 'crash' : 'outage');
          assert.ok(Math.abs(kill.atSeconds - (index + 0.5) * interval) <= 0.001);
        }
      }),
    );
  });

  it('lets the revert end an outage where no supervisor does', () => {
    const server = { ...system.containers['server'], allowedKinds: ['outage' as const], unsupported: {}, replicas: 1 };
    const untilIn = (supervise?: boolean) => {
      const containers = {
        ...system.containers,
        server: { ...server, ...(supervise === undefined ? {} : { supervise }) },
      };
      const { faults } = makePlan(smokeConfig, { ...system, containers });
      return new Set(
        faults.flatMap(({ kind, params, durationSeconds }) =>
          kind === 'outage' ? [`${params.until} ${durationSeconds > 0}`] : [],
        ),
      );
    };
    assert.deepEqual([...untilIn(false)], ['revert true']);
    assert.deepEqual([...untilIn()], ['supervisor false']);
  });

  it('respects interval and duration of network faults, with at most one total outage in four', () => {
    fc.assert(
      fc.property(anyConfig, (config) => {
        const { intervalSeconds, durationSeconds } = config.network;
        const faults = serverProxy(makePlan(config, system).faults);
        for (const [a, b] of pairs(faults))
          assert.ok(b.atSeconds - a.atSeconds >= intervalSeconds.min - 1e-6, `${a.atSeconds} then ${b.atSeconds}`);
        for (const fault of faults) {
          assert.ok(
            fault.durationSeconds >= durationSeconds.min - 1e-6 && fault.durationSeconds <= durationSeconds.max + 1e-6,
          );
          assert.ok((fault.params.latencyMs ?? 0) + (fault.params.jitterMs ?? 0) <= 1_000);
        }
        const outages = faults.map(isOutage);
        for (let i = 0; i + 4 <= outages.length; i += 1)
          assert.ok(outages.slice(i, i + 4).filter(Boolean).length <= 1, `total outages crowd at ${i}`);
      }),
    );
  });

  it('keeps 30 % of the time fault-free and the last recovery within the run', () => {
    fc.assert(
      fc.property(anyConfig, (config) => {
        const plan = makePlan(config, system);
        const held = plan.faults.reduce((sum, fault) => sum + fault.durationSeconds, 0);
        if (layOut(config, plannedSystem(system)).faultFreeShare >= 0.3)
          assert.ok(held <= plan.steadySeconds * 0.7 + 1e-6);
        else assert.ok(serverProxy(plan.faults).length === 0, 'network faults are thinned out first');
        for (const fault of plan.faults) {
          assert.ok(endOf(fault) <= plan.steadySeconds - Math.min(10, lastRecoverySeconds(config)) + 1e-6);
        }
      }),
    );
  });

  it('gives every profile an acceptable plan with kills and network faults, for any seed', () => {
    const expectedKills = { smoke: 4, quick: 2, moderate: 8, full: 24 };
    for (const [name, config] of Object.entries(profileConfigs)) {
      for (let seed = 0; seed < (name === 'full' ? 50 : 500); seed += 1) {
        const plan = makePlan({ ...config, seed }, system);
        assert.deepEqual(refusePlan(plan, { ...config, seed }), [], `${name}, seed ${seed}`);
        assert.equal(plan.faults.filter(isKill).length, expectedKills[name as keyof typeof expectedKills]);
        assert.ok(
          serverProxy(plan.faults).length >= 2,
          `${name}, seed ${seed}: ${serverProxy(plan.faults).length} network faults`,
        );
        assert.ok(plan.faults.some(({ kind }) => kind === 'memory-cap'));
      }
    }
  });

  it('leaves 8 s after each fault to observe the return to normal (3 s in a smoke run)', () => {
    for (const [name, config] of Object.entries(profileConfigs)) {
      const minGapSeconds = name === 'smoke' ? 3 : 8;
      for (let seed = 0; seed < 10; seed += 1)
        for (const [a, b] of pairs(makePlan({ ...config, seed }, system).faults))
          assert.ok(b.atSeconds - endOf(a) >= minGapSeconds - 1e-6, `${name}, seed ${seed}: ${a.id} then ${b.id}`);
    }
  });

  it('keeps random faults within their interval by moving them to the nearest free time', () => {
    const gaps: number[] = [];
    for (let seed = 0; seed < 20; seed += 1) {
      const faults = serverProxy(makePlan({ ...fullConfig, seed }, system).faults);
      for (const [a, b] of pairs(faults)) gaps.push(b.atSeconds - a.atSeconds);
    }
    assert.ok(Math.max(...gaps) <= 300 + 1e-6, `longest gap ${Math.max(...gaps)}`);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    assert.ok(Math.abs(mean - 165) < 10, `mean gap ${mean}`);
  });
});

describe('replicas', () => {
  const server = { ...system.containers['server'], allowedKinds: ['crash', 'outage'], unsupported: {}, replicas: 3 };
  const replicated = { ...system, containers: { ...system.containers, server } } as typeof system;
  const targetsOf = (config: RunConfig): string[] =>
    makePlan(config, replicated)
      .faults.filter(isKill)
      .map(({ target }) => target);

  it('are chosen one per fault, by the seed', () => {
    const targets = targetsOf(fullConfig);
    assert.deepEqual(targetsOf(structuredClone(fullConfig)), targets);
    assert.notDeepEqual(targetsOf({ ...fullConfig, seed: 8 }), targets);
    assert.deepEqual([...new Set(targets)].sort(), ['server#1', 'server#2', 'server#3']);
  });

  it('change no time and no kind of a plan', () => {
    const timesOf = (description: typeof system) =>
      makePlan({ ...fullConfig, schedule: [kills] }, description).faults.map(({ kind, atSeconds }) => [
        kind,
        atSeconds,
      ]);
    assert.deepEqual(timesOf(replicated), timesOf(system));
  });

  it('are all down in the server-down control run', () => {
    const plan = makePlan({ ...smokeConfig, control: 'server-down' }, replicated);
    assert.deepEqual(
      plan.faults.map(({ id, target, atSeconds }) => [id, target, atSeconds]),
      [
        ['f0001', 'server#1', 0],
        ['f0002', 'server#2', 0],
        ['f0003', 'server#3', 0],
      ],
    );
    assert.ok(plan.bestSuccessRate < 0.02);
  });

  const kills: ScheduleRule = {
    name: 'kills',
    target: 'server',
    when: { everyMinutes: 60, phase: 0.5 },
    pick: 'in-turn',
    overlap: false,
    faults: [{ kind: 'crash', weight: 1, params: {} }],
  };
});

describe('dropped faults', () => {
  const dropped = (change: Partial<RunConfig>) => makePlan({ ...smokeConfig, ...change }, system).dropped;
  const network = (when: ScheduleRule['when']): ScheduleRule => ({
    name: 'mine',
    target: 'server:8000',
    when,
    pick: 'in-turn',
    overlap: false,
    faults: [{ kind: 'latency', weight: 1, params: {}, durationSeconds: { min: 10, max: 10 } }],
  });

  it('are counted by rule and reason', () => {
    const times = network({ atSeconds: [10, 12, 14, 165] });
    assert.deepEqual(dropped({ schedule: [times] }), [
      { rule: 'mine', count: 2, reason: 'no free time between other faults and their recoveries' },
      { rule: 'mine', count: 1, reason: 'the run would end before the recovery' },
    ]);
    assert.deepEqual(dropped({ schedule: [] }), []);
  });

  it('and planned faults add up to at least one per maximum interval of a random rule', () => {
    fc.assert(
      fc.property(anyConfig, (config) => {
        const plan = makePlan(config, system);
        const count = plan.dropped
          .filter(({ rule }) => rule === 'network')
          .reduce((sum, one) => sum + one.count, serverProxy(plan.faults).length);
        const time = plan.steadySeconds - lastRecoverySeconds(config);
        const demanded = Math.floor(time / config.network.intervalSeconds.max);
        assert.ok(count >= demanded, `${count} of ${demanded}`);
      }),
    );
  });

  it('are reported for the smoke profile', () => {
    const reasons = makePlan(smokeConfig, system).dropped.map(({ rule, reason }) => `${rule}: ${reason}`);
    assert.deepEqual(reasons, [
      'network: no free time between other faults and their recoveries',
      'network: less than 30 % of the steady load would be free of faults',
    ]);
  });
});
