import assert from 'node:assert/strict';
import type { RunConfig, ScheduleRule } from '@encore/contracts';
import { describe, it } from 'mocha';
import { makePlan } from './make-plan.ts';
import { smokeConfig, system } from './plan.fixture.ts';
import { refusePlan } from './refuse-plan.ts';

describe('control runs and custom schedules', () => {
  it('plans server-down as one outage over the whole steady phase, with starts forbidden', () => {
    const config: RunConfig = { ...smokeConfig, control: 'server-down' };
    const plan = makePlan(config, system);
    assert.deepEqual(plan.faults, [
      {
        id: 'f0001',
        kind: 'outage',
        target: 'server',
        atSeconds: 0,
        durationSeconds: 170,
        params: { until: 'never' },
      },
    ]);
    assert.ok(plan.bestSuccessRate < 0.02);
    assert.deepEqual(refusePlan(plan, config), []);
  });

  it('plans noop-faults as the ordinary plan with noop faults', () => {
    const plan = makePlan({ ...smokeConfig, control: 'noop-faults' }, system);
    const ordinary = makePlan(smokeConfig, system).faults.map((fault) => ({ ...fault, noop: true }));
    assert.deepEqual(plan.faults, ordinary);
    assert.equal(plan.bestSuccessRate, 1);
  });

  const rule = (change: Partial<ScheduleRule>): ScheduleRule => ({
    name: 'mine',
    target: 'server:8000',
    when: { atSeconds: [10, 40] },
    pick: 'in-turn',
    overlap: false,
    faults: [{ kind: 'latency', weight: 1, params: { latencyMs: 100 }, durationSeconds: { min: 10, max: 10 } }],
    ...change,
  });

  it('replaces the default schedule and uses the given seconds', () => {
    const plan = makePlan({ ...smokeConfig, schedule: [rule({})] }, system);
    assert.deepEqual(
      plan.faults.map(({ kind, atSeconds, durationSeconds }) => [kind, atSeconds, durationSeconds]),
      [
        ['latency', 10, 10],
        ['latency', 40, 10],
      ],
    );
  });

  it('overlaps faults only if the rule allows it, and never the same kind on one target', () => {
    const other = rule({ name: 'other', target: 'postgres:5432', when: { atSeconds: [15] } });
    const apart: RunConfig = { ...smokeConfig, schedule: [rule({}), other] };
    assert.equal(makePlan(apart, system).faults.length, 2);
    assert.match(
      refusePlan(makePlan(apart, system), apart).join(),
      /other at 15 s does not fit: the earliest time after latency at 10 s is 23 s \(3 s for recovery with --kill-interval 0\.75\)/,
    );
    const together: RunConfig = { ...smokeConfig, schedule: [rule({}), { ...other, overlap: true }] };
    assert.deepEqual(
      makePlan(together, system).faults.map(({ atSeconds }) => atSeconds),
      [10, 15, 40],
    );
    assert.deepEqual(refusePlan(makePlan(together, system), together), []);
    const same: RunConfig = {
      ...smokeConfig,
      schedule: [rule({}), rule({ name: 'again', when: { atSeconds: [15] }, overlap: true })],
    };
    assert.equal(makePlan(same, system).faults.length, 2);
    assert.match(
      refusePlan(makePlan(same, system), same).join(),
      /again at 15 s does not fit: latency at 10 s acts on the same target until 20 s, and two faults of one kind/,
    );
  });

  it('states how long before a fault at a fixed time another must end', () => {
    const kill = rule({
      name: 'kill',
      target: 'server',
      when: { atSeconds: [40] },
      faults: [{ kind: 'crash', weight: 1, params: {} }],
    });
    const config: RunConfig = { ...smokeConfig, schedule: [kill, rule({ when: { atSeconds: [25] } })] };
    assert.match(
      refusePlan(makePlan(config, system), config).join(),
      /at 25 s does not fit: it must end at least 13 s before crash at 40 s \(3 s for recovery with .*, 10 s of health before crash\)/,
    );
  });

  it('refuses an infeasible plan unless the config allows it', () => {
    const down = rule({
      faults: [{ kind: 'connection-refused', weight: 1, params: {}, durationSeconds: { min: 20, max: 20 } }],
    });
    const config: RunConfig = { ...smokeConfig, schedule: [down] };
    const plan = makePlan(config, system);
    assert.equal(plan.bestSuccessRate, 0.8, '2 outages of 20 s, of which 3 s each are tolerated, in 170 s');
    assert.match(refusePlan(plan, config).join(), /80\.0 %/);
    assert.deepEqual(refusePlan(plan, { ...config, allowInfeasiblePlan: true }), []);
  });

  it('refuses kills without healthy time between them, and a run without steady load', () => {
    const dense: RunConfig = { ...smokeConfig, killIntervalMinutes: 0.2 };
    assert.match(refusePlan(makePlan(dense, system), dense).join('\n'), /crash of rule kills/);
    const seconds: RunConfig = { ...smokeConfig, killIntervalMinutes: 0.01 };
    const listed = refusePlan(makePlan(seconds, system), seconds).filter((problem) => problem.includes('kills'));
    assert.equal(listed.length, 4, listed.join('\n'));
    assert.match(listed.at(-1) ?? '', /^schedule: \d{2,} more faults of rule kills do not fit$/);
    const allowed: RunConfig = { ...dense, allowInfeasiblePlan: true };
    assert.match(refusePlan(makePlan(allowed, system), allowed).join('\n'), /crash of rule kills .* does not fit/);
    const short: RunConfig = { ...smokeConfig, hours: 0.002 };
    const [problem = '', ...more] = refusePlan(makePlan(short, system), short);
    assert.match(problem, /^hours: .* leaves 0 s of steady load, .* use more than 0\.\d+ h, or/);
    assert.deepEqual(more, []);
    const hours = Number(/use more than (\S+) h/.exec(problem)?.[1]);
    assert.doesNotMatch(
      refusePlan(makePlan({ ...short, hours: hours + 0.001 }, system), { ...short, hours: hours + 0.001 }).join(),
      /hours:/,
    );
    assert.ok(makePlan(short, system).steadySeconds < 1e-6);
  });

  it('refuses a schedule in which no fault fits, but accepts an empty one', () => {
    const network = { name: 'network', target: 'server:8000', pick: 'weighted', overlap: false } as const;
    const faults = [{ kind: 'latency', weight: 1, params: {} }] as const;
    const late: RunConfig = {
      ...smokeConfig,
      schedule: [{ ...network, when: { betweenSeconds: { min: 900, max: 1_000 } }, faults: [...faults] }],
    };
    assert.match(refusePlan(makePlan(late, system), late).join('\n'), /no fault fits into 170 s of steady load/);
    const none: RunConfig = { ...smokeConfig, schedule: [] };
    assert.deepEqual(refusePlan(makePlan(none, system), none), []);
    const idle: RunConfig = { ...none, control: 'noop-faults' };
    assert.match(refusePlan(makePlan(idle, system), idle).join(), /^control: noop-faults needs planned faults/);
  });
});
