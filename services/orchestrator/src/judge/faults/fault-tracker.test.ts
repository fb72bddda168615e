import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  died,
  inject,
  limitSeconds,
  ok,
  planned,
  refused,
  reverted,
  started,
  tracked,
} from '../../testing/tracked-fault.ts';
import type { Observation } from '../events/time-order.ts';
import { endOf, recoveredByOf, recoveryOf, stagesOf } from './fault-record.ts';

describe('fault tracker', () => {
  it('ignores responses to requests from before the death', () => {
    const crash = planned('crash', 'server');
    const { add, recovered } = tracked(crash);
    add(
      ...inject(1_000, crash),
      died(1_020),
      ok(1_010, 1_030),
      ...started(1_500, 'restart-policy', 1),
      ok(2_000),
      reverted(1_010),
    );
    assert.deepEqual(recovered(), { seconds: 1.005, recoveredBy: 'restart-policy' });
  });

  it('extends the recovery if the target dies again', () => {
    const crash = planned('crash', 'server');
    const { add, recovered } = tracked(crash);
    add(...inject(1_000, crash), died(1_020), reverted(1_030), ...started(1_500, 'restart-policy', 1), ok(2_000));
    add(died(2_500), ok(2_450, 2_510), ...started(4_000, 'supervisor'), ok(5_000));
    assert.deepEqual(recovered(), { seconds: 4.005, recoveredBy: 'supervisor' });
  });

  it('measures a crash from the death even if the injection is recorded later', () => {
    const crash = planned('crash', 'server');
    const { add, recovered } = tracked(crash);
    const [intended, injected, effect] = inject(1_000, crash);
    assert.ok(intended && injected?.type === 'fault_injected' && effect);
    const { engineAt: _unknown, ...unstamped } = injected;
    add(intended, died(995), unstamped, effect, reverted(1_006), ...started(1_200, 'restart-policy', 1), ok(2_000));
    assert.deepEqual(recovered(), { seconds: 1.01, recoveredBy: 'restart-policy' });
  });

  it('measures a hang from its injection, and ends it with the start', () => {
    const hang = planned('hang', 'server', 20);
    const { add, recovered } = tracked(hang);
    add(
      ...inject(1_000, hang),
      ok(1_001),
      refused(1_100),
      died(9_000),
      ...started(9_500, 'supervisor'),
      ok(11_000),
      reverted(12_000),
    );
    assert.deepEqual(recovered(), { seconds: 10.005, recoveredBy: 'supervisor' });
  });

  it('measures from the revert, or from the death if the target died from the fault', () => {
    const cap = planned('memory-cap', 'server', 10);
    const calm = tracked(cap);
    calm.add(...inject(1_000, cap), refused(2_000), ok(3_000), reverted(11_000), ok(11_100));
    assert.deepEqual(calm.recovered(), { seconds: 0.105, recoveredBy: 'self' });
    const fatal = tracked(cap);
    fatal.add(...inject(1_000, cap), died(3_000), reverted(3_200), ...started(3_500, 'restart-policy', 1), ok(5_000));
    assert.deepEqual(fatal.recovered(), { seconds: 2.005, recoveredBy: 'restart-policy' });
  });

  it('expects the death in a graceful restart', () => {
    const restart = planned('restart', 'server');
    const { add, recovered, tracker } = tracked(restart);
    add(...inject(1_000, restart), died(3_000), ...started(3_100, 'revert'), reverted(3_300), ok(3_400));
    assert.deepEqual(recovered(), { seconds: 0.105, recoveredBy: 'revert' });
    assert.equal(tracker.faultsOn('server', 3_000).length, 1);
  });

  it('assigns a death to the latest fault on the container, and records cascading ones', () => {
    const cap = planned('memory-cap', 'server', 20);
    const crash = planned('crash', 'server', 0, 'f0002');
    const { add, record } = tracked(cap, crash);
    add(...inject(1_000, cap), ...inject(5_000, crash), died(5_020), died(5_100, 'postgres'));
    assert.equal(record('f0001').diedAt, null);
    assert.equal(record('f0002').diedAt, 5_020);
    assert.deepEqual([...record('f0002').alsoDied.keys()], ['postgres']);
  });

  it('does not take the restart for the read-back for a consequence of a fault that never ended', () => {
    const crash = planned('crash', 'postgres');
    const { add, record } = tracked(crash);
    add(...inject(1_000, crash), died(1_020, 'postgres'), reverted(1_030), ok(40_000));
    add({ type: 'phase_entered', at: 50_000, phase: 'read-back' }, died(51_000));
    assert.deepEqual([...record().alsoDied], []);
  });

  it('has no stage later than an observation that implies it', () => {
    const seen = (at: number, port: boolean, ready: boolean): Observation => ({
      type: 'server_observed',
      at,
      port,
      ready,
    });
    const crash = planned('crash', 'server');
    const killed = tracked(crash);
    killed.add(...inject(1_000, crash), died(1_020), reverted(1_030), seen(1_050, false, false), ok(2_000));
    killed.add(seen(2_040, true, false), ...started(2_050, 'restart-policy', 1), seen(2_100, true, true));
    assert.deepEqual(stagesOf(killed.record()), {
      restartedAt: 2_005,
      portAt: 2_005,
      readyAt: 2_005,
      firstSuccessAt: 2_005,
    });
    const late = tracked(crash);
    late.add(
      ...inject(1_000, crash),
      died(1_020),
      reverted(1_030),
      seen(1_050, false, false),
      seen(1_500, true, false),
    );
    late.add(...started(1_510, 'restart-policy', 1), seen(1_600, true, true), ok(2_000));
    assert.deepEqual(stagesOf(late.record()), {
      restartedAt: 1_500,
      portAt: 1_500,
      readyAt: 1_600,
      firstSuccessAt: 2_005,
    });
    const down = { ...planned('outage', 'postgres', 5), params: { until: 'revert' as const } };
    const cached = tracked(down);
    cached.add(...inject(1_000, down), seen(1_100, true, false), reverted(6_000), ok(6_010), seen(7_000, true, true));
    assert.equal(stagesOf(cached.record()).readyAt, 7_000, 'a cached response does not imply readiness');
  });

  it('waits for the start of a dependency, although users get correct responses without it', () => {
    const crash = planned('crash', 'postgres');
    const { add, recovered, record } = tracked(crash);
    add(...inject(1_000, crash), died(1_020, 'postgres'), reverted(1_030), ok(1_100), ok(1_450));
    assert.deepEqual(recovered(), { seconds: 'not_recovered', recoveredBy: 'none' });
    add(...started(1_500, 'restart-policy', 1, 'postgres'), ok(1_510), ...started(1_900, 'external', 0, 'postgres'));
    assert.deepEqual(recovered(), { seconds: 0.515, recoveredBy: 'restart-policy' });
    assert.equal(stagesOf(record()).restartedAt, 1_500);
  });

  it('notes a start that the engine reports after the first correct response', () => {
    const crash = planned('crash', 'server');
    const { add, recovered, record } = tracked(crash);
    add(...inject(1_000, crash), died(1_020), reverted(1_030), ok(1_500));
    add(...started(1_700, 'restart-policy', 1), ...started(1_900, 'external'));
    assert.equal(recovered()?.recoveredBy, 'restart-policy');
    assert.equal(stagesOf(record()).restartedAt, 1_505, 'not later than the response that implies it');
  });

  it('ends a fault without effect at its revert', () => {
    const freeze = planned('freeze', 'server', 5);
    const { add, record } = tracked(freeze);
    add(...inject(1_000, freeze, 'absent'));
    assert.equal(endOf(record()), null);
    add(reverted(6_000));
    assert.equal(endOf(record()), 6_000);
    assert.equal(recoveryOf(record(), 100_000, limitSeconds).state, 'not_due');
  });

  it('distinguishes "never recovered" from "not observed for long enough"', () => {
    const crash = planned('crash', 'server');
    const { add, record } = tracked(crash);
    add(...inject(1_000, crash), died(1_020), refused(2_000));
    assert.equal(recoveryOf(record(), 31_000, limitSeconds).state, 'not_recovered');
    assert.equal(recoveryOf(record(), 30_999, limitSeconds).state, 'unknown');
    assert.equal(recoveredByOf(record(), { state: 'not_recovered' }), 'none');
  });
});
