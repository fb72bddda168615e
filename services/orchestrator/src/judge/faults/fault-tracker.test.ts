import assert from 'node:assert/strict';
import type { Actor, FaultKind, PlannedFault, Target } from '@encore/contracts';
import { plannedSystem } from '@encore/kit';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { describe, it } from 'mocha';
import type { Observation } from '../events/time-order.ts';
import { endOf, type FaultRecord, recoveredByOf, recoveryOf, stagesOf } from './fault-record.ts';
import { FaultTracker } from './fault-tracker.ts';

const limitSeconds = 30;
const planned = (kind: FaultKind, target: Target, durationSeconds = 0, id = 'f0001'): PlannedFault => ({
  id,
  kind,
  target,
  atSeconds: 1,
  durationSeconds,
  params: {},
});

/** A tracker of these faults, and helpers to add events and read the results. */
function tracked(...faults: PlannedFault[]) {
  const tracker = new FaultTracker({ system: plannedSystem(bundledSystem), faults });
  const add = (...events: Observation[]): void => {
    for (const event of events) tracker.add(event);
  };
  const record = (id = 'f0001'): FaultRecord => {
    const found = tracker.records.get(id);
    assert.ok(found);
    return found;
  };
  const recovered = (id?: string): { seconds: number | string; recoveredBy: string | null } => {
    const recovery = recoveryOf(record(id), 100_000, limitSeconds);
    const seconds = recovery.state === 'recovered' ? recovery.seconds : recovery.state;
    return { seconds, recoveredBy: recoveredByOf(record(id), recovery) };
  };
  return { tracker, add, record, recovered };
}

const inject = (at: number, fault: PlannedFault, effect: 'confirmed' | 'absent' = 'confirmed'): Observation[] => [
  { type: 'fault_intended', at: at - 10, faultId: fault.id, fault },
  {
    type: 'fault_injected',
    at,
    engineAt: at,
    faultId: fault.id,
    kind: fault.kind,
    target: fault.target,
    params: fault.params,
  },
  { type: 'fault_effect_checked', at: at + 5, faultId: fault.id, effect, evidence: 'seen' },
];
const reverted = (at: number, id = 'f0001'): Observation => ({
  type: 'fault_reverted',
  at,
  faultId: id,
  verified: true,
  cause: 'released',
  evidence: '',
});
const died = (at: number, target = 'server'): Observation => ({
  type: 'engine_event',
  at,
  engineAt: at,
  target,
  action: 'die',
  exitCode: 137,
});
const started = (at: number, actor: Actor, restartCount = 0, target = 'server'): Observation[] => [
  { type: 'engine_event', at, engineAt: at, target, action: 'start', restartCount },
  { type: 'target_started', at, engineAt: at, target, actor, reason: '' },
];
const ok = (dueAt: number, at = dueAt + 5): Observation => ({ type: 'probe', at, dueAt, outcome: 'ok' });
/** A second with 20 successful attempts. */
const loadSecond = (at: number): Observation => ({
  type: 'load_second',
  at,
  users: 10,
  attempts: { ok: 20 },
  operations: {},
  responseMs: null,
  bytesSent: 0,
  bytesReceived: 0,
});
const refused = (dueAt: number): Observation => ({ type: 'probe', at: dueAt + 5, dueAt, outcome: 'refused' });

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

  it('owns spans that overlap a window until 5 normal seconds; the latest fault wins', () => {
    const first = planned('latency', 'server:8000', 5);
    const second = planned('freeze', 'server', 5, 'f0002');
    const { add, tracker, record } = tracked(first, second);
    const owner = (fromAt: number, toAt: number): string | undefined => tracker.ownerOf(fromAt, toAt)?.fault.id;
    add(...inject(10_000, first), reverted(15_000), ok(15_100));
    assert.equal(owner(9_000, 9_980), undefined, 'before the intent');
    assert.equal(owner(9_000, 9_995), 'f0001', 'after the intent');
    add(...[16, 17, 18, 19, 20].map((at) => loadSecond(at * 1_000)));
    assert.equal(owner(20_900, 20_950), 'f0001', 'four whole seconds are not enough');
    add(loadSecond(21_000));
    assert.equal(record().closedAt, 21_000);
    assert.deepEqual(record().returned, { state: 'normal', at: 15_105 });
    assert.equal(owner(20_900, 21_100), 'f0001', 'starts within the window');
    assert.equal(owner(21_001, 21_100), undefined, 'after the window');
    add(...inject(21_050, second));
    assert.equal(owner(21_000, 21_100), 'f0002');
    assert.equal(owner(300_000, 300_001), 'f0002', 'a fault that never ends owns everything after it');
  });

  it('restarts the normal seconds after a failed request that began after the fault', () => {
    const cut = planned('timeout', 'server:8000', 5);
    const after = (...events: Observation[]): FaultRecord => {
      const { add, record } = tracked(cut);
      add(...inject(10_000, cut), reverted(15_000), ok(15_100), loadSecond(16_000), loadSecond(17_000), ...events);
      return record();
    };
    const seconds = [18, 19, 20, 21].map((at) => loadSecond(at * 1_000));
    // A request from before the end may wait for long, and does not count for the time after it.
    assert.deepEqual(after({ ...refused(14_000), at: 17_500 }, ...seconds).returned, { state: 'normal', at: 15_105 });
    assert.equal(after({ ...refused(17_000), at: 17_500 }, ...seconds).returned, null);
    const more = [22, 23].map((at) => loadSecond(at * 1_000));
    assert.deepEqual(after({ ...refused(17_000), at: 17_500 }, ...seconds, ...more).returned, {
      state: 'normal',
      at: 18_000,
    });
  });

  it('restarts the normal seconds after unobserved time and after injector failures', () => {
    const cut = planned('timeout', 'server:8000', 5);
    const { add, record } = tracked(cut);
    add(...inject(10_000, cut), reverted(15_000), ok(15_100), ...[16, 17, 18, 19].map((at) => loadSecond(at * 1_000)));
    add(loadSecond(23_000), loadSecond(24_000));
    add({ type: 'injector_failed', at: 27_500, fromAt: 24_500, toAt: 27_500, reason: 'no answer' });
    for (const at of [25, 26, 27, 28, 29, 30]) add(loadSecond(at * 1_000));
    assert.equal(record().returned, null);
    for (const at of [31, 32, 33]) add(loadSecond(at * 1_000));
    assert.deepEqual(record().returned, { state: 'normal', at: 28_000 });
  });

  it('does not follow a fault that ends while another one is active', () => {
    const [long, short] = [planned('latency', 'server:8000', 60), planned('freeze', 'server', 5, 'f0002')];
    const { add, record, tracker } = tracked(long, short);
    add(...inject(10_000, long), ...inject(20_000, short), reverted(25_000, 'f0002'), ok(25_100));
    assert.deepEqual(record('f0002').returned, {
      state: 'censored',
      lastAbnormalAt: null,
      reason: 'another fault was active',
    });
    assert.equal(record('f0002').closedAt, 25_105);
    assert.equal(tracker.ownerOf(26_000, 26_100)?.fault.id, 'f0001');
  });

  it('closes the window of a fault that was intended and then skipped', () => {
    const freeze = planned('freeze', 'server', 5);
    const { add, tracker } = tracked(freeze);
    const [intended] = inject(10_000, freeze);
    assert.ok(intended);
    const { id: faultId, kind, target } = freeze;
    add(intended, { type: 'fault_skipped', at: 11_000, faultId, kind, target, reason: 'late', unsupported: false });
    assert.equal(tracker.ownerOf(10_500, 10_600)?.fault.id, 'f0001');
    assert.equal(tracker.ownerOf(11_500, 11_600), null);
    assert.equal(tracker.faultsOn('server', 15_500).length, 1, 'events soon after it may belong to it');
    assert.deepEqual([tracker.faultsOn('server', 17_000), tracker.isFaultOpen(17_000)], [[], false]);
  });

  it('keeps a skipped fault open while its failed injection is not reverted, and no longer', () => {
    const outage = planned('outage', 'server');
    const { add, tracker } = tracked(outage);
    const [intended] = inject(10_000, outage);
    assert.ok(intended);
    const { id: faultId, kind, target } = outage;
    const skipped: Observation = {
      type: 'fault_skipped',
      at: 11_000,
      faultId,
      kind,
      target,
      reason: 'timeout',
      unsupported: false,
    };
    add(intended, { ...reverted(10_900), verified: false } as Observation, skipped);
    assert.equal(tracker.ownerOf(14_000, 14_100)?.fault.id, 'f0001', 'it may have had an effect');
    add(reverted(15_000));
    assert.equal(tracker.ownerOf(15_500, 15_600), null);
    assert.equal(tracker.isFaultOpen(21_000), false);
  });

  it('reopens the window if the target dies again soon after its recovery', () => {
    const crash = planned('crash', 'server');
    const { add, record } = tracked(crash);
    add(
      ...inject(1_000, crash),
      died(1_020),
      reverted(1_030),
      ...started(1_500, 'restart-policy', 1),
      ok(2_000),
      loadSecond(3_000),
    );
    add(
      died(3_500),
      loadSecond(4_000),
      loadSecond(5_000),
      loadSecond(6_000),
      loadSecond(7_000),
      loadSecond(8_000),
      loadSecond(9_000),
    );
    assert.equal(record().closedAt, null);
    add(...started(9_500, 'supervisor'), ok(10_000));
    for (const at of [11, 12, 13, 14, 15, 16]) add(loadSecond(at * 1_000));
    assert.deepEqual(record().returned, { state: 'normal', at: 10_005 });
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

  it('notes what started a dependency after users already had correct responses, and no later start', () => {
    const crash = planned('crash', 'postgres');
    const { add, recovered, record } = tracked(crash);
    add(...inject(1_000, crash), died(1_020, 'postgres'), reverted(1_030), ok(1_100));
    assert.deepEqual(recovered(), { seconds: 0.105, recoveredBy: null });
    add(...started(1_500, 'restart-policy', 1, 'postgres'), ...started(1_900, 'external', 0, 'postgres'));
    assert.deepEqual(recovered(), { seconds: 0.105, recoveredBy: 'restart-policy' });
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
