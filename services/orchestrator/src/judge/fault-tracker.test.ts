import assert from 'node:assert/strict';
import type { Actor, FaultKind, PlannedFault, Target } from '@encore/contracts';
import { describe, it } from 'mocha';
import { endOf, type FaultRecord, healerOf, recoveryOf, stagesOf } from './fault-record.ts';
import { FaultTracker } from './fault-tracker.ts';
import type { Observation } from './time-order.ts';

const limitSeconds = 30;
const planned = (kind: FaultKind, target: Target, durationSeconds = 0, id = 'f0001'): PlannedFault => ({
  id,
  kind,
  target,
  atSeconds: 1,
  durationSeconds,
  params: {},
});

/** A tracker of some faults, told events by milliseconds. */
function tracked(...faults: PlannedFault[]) {
  const body = { version: 1 as const, seed: 1, rampSeconds: 0, steadySeconds: 100, bestSuccessRate: 1, hash: '' };
  const tracker = new FaultTracker({ ...body, faults });
  const tell = (...events: Observation[]): void => {
    for (const event of events) tracker.add(event);
  };
  const record = (id = 'f0001'): FaultRecord => {
    const found = tracker.records.get(id);
    assert.ok(found);
    return found;
  };
  const recovered = (id?: string): { seconds: number | string; healer: string | null } => {
    const recovery = recoveryOf(record(id), 100_000, limitSeconds);
    const seconds = recovery.state === 'recovered' ? recovery.seconds : recovery.state;
    return { seconds, healer: healerOf(record(id), recovery) };
  };
  return { tracker, tell, record, recovered };
}

const inject = (at: number, fault: PlannedFault, bit: 'yes' | 'no' = 'yes'): Observation[] => [
  { type: 'fault_intended', at: at - 10, faultId: fault.id, fault },
  { type: 'fault_injected', at, engineAt: at, faultId: fault.id, kind: fault.kind, target: fault.target },
  { type: 'fault_bit', at: at + 5, faultId: fault.id, bit, evidence: 'seen' },
];
const undone = (at: number, id = 'f0001'): Observation => ({
  type: 'fault_undone',
  at,
  faultId: id,
  verified: true,
  cause: 'released',
  evidence: '',
});
const died = (at: number, target = 'server'): Observation => ({
  type: 'engine_saw',
  at,
  engineAt: at,
  target,
  action: 'die',
  exitCode: 137,
});
const started = (at: number, actor: Actor, restartCount = 0): Observation[] => [
  { type: 'engine_saw', at, engineAt: at, target: 'server', action: 'start', restartCount },
  { type: 'target_started', at, engineAt: at, target: 'server', actor, reason: '' },
];
const ok = (dueAt: number, at = dueAt + 5): Observation => ({ type: 'probe', at, dueAt, outcome: 'ok' });
/** A second in which the users had 20 right answers. */
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
  it('takes no answer to a request that began before the death for a recovery', () => {
    const crash = planned('crash', 'server');
    const { tell, recovered } = tracked(crash);
    tell(
      ...inject(1_000, crash),
      died(1_020),
      ok(1_010, 1_030),
      ...started(1_500, 'policy', 1),
      ok(2_000),
      undone(1_010),
    );
    assert.deepEqual(recovered(), { seconds: 1.005, healer: 'policy' });
  });

  it('asks for a new answer when the target dies again, and lets the clock run on', () => {
    const crash = planned('crash', 'server');
    const { tell, recovered } = tracked(crash);
    tell(...inject(1_000, crash), died(1_020), undone(1_030), ...started(1_500, 'policy', 1), ok(2_000));
    tell(died(2_500), ok(2_450, 2_510), ...started(4_000, 'supervisor'), ok(5_000));
    assert.deepEqual(recovered(), { seconds: 4.005, healer: 'supervisor' });
  });

  it('counts a crash from the death when the injector notes its act only later', () => {
    const crash = planned('crash', 'server');
    const { tell, recovered } = tracked(crash);
    const [intended, injected, bit] = inject(1_000, crash);
    assert.ok(intended && injected?.type === 'fault_injected' && bit);
    const { engineAt: _unknown, ...unstamped } = injected;
    tell(intended, died(995), unstamped, bit, undone(1_006), ...started(1_200, 'policy', 1), ok(2_000));
    assert.deepEqual(recovered(), { seconds: 1.01, healer: 'policy' });
  });

  it('counts a hang from its injection, and its end by the start', () => {
    const hang = planned('hang', 'server', 20);
    const { tell, recovered } = tracked(hang);
    tell(
      ...inject(1_000, hang),
      ok(1_001),
      refused(1_100),
      died(9_000),
      ...started(9_500, 'supervisor'),
      ok(11_000),
      undone(12_000),
    );
    assert.deepEqual(recovered(), { seconds: 10.005, healer: 'supervisor' });
  });

  it('counts a held fault from the undo, and from the death when the target died of it', () => {
    const cap = planned('memory-cap', 'server', 10);
    const calm = tracked(cap);
    calm.tell(...inject(1_000, cap), refused(2_000), ok(3_000), undone(11_000), ok(11_100));
    assert.deepEqual(calm.recovered(), { seconds: 0.105, healer: 'self' });
    const fatal = tracked(cap);
    fatal.tell(...inject(1_000, cap), died(3_000), undone(3_200), ...started(3_500, 'policy', 1), ok(5_000));
    assert.deepEqual(fatal.recovered(), { seconds: 2.005, healer: 'policy' });
  });

  it('takes the death in a graceful restart for the act it is', () => {
    const restart = planned('restart', 'server');
    const { tell, recovered, tracker } = tracked(restart);
    tell(...inject(1_000, restart), died(3_000), ...started(3_100, 'undo'), undone(3_300), ok(3_400));
    assert.deepEqual(recovered(), { seconds: 0.105, healer: 'undo' });
    assert.equal(tracker.faultsOn('server', 3_000).length, 1);
  });

  it('gives a death to the fault injected last on that container, and notes those that die along', () => {
    const cap = planned('memory-cap', 'server', 20);
    const crash = planned('crash', 'server', 0, 'f0002');
    const { tell, record } = tracked(cap, crash);
    tell(...inject(1_000, cap), ...inject(5_000, crash), died(5_020), died(5_100, 'postgres'));
    assert.equal(record('f0001').diedAt, null);
    assert.equal(record('f0002').diedAt, 5_020);
    assert.deepEqual([...record('f0002').alsoDied.keys()], ['postgres']);
  });

  it('owns what overlaps its window, until 5 normal seconds have passed; the latest fault wins', () => {
    const first = planned('latency', 'client-link', 5);
    const second = planned('freeze', 'server', 5, 'f0002');
    const { tell, tracker, record } = tracked(first, second);
    const owner = (fromAt: number, toAt: number): string | undefined => tracker.ownerOf(fromAt, toAt)?.fault.id;
    tell(...inject(10_000, first), undone(15_000), ok(15_100));
    assert.equal(owner(9_000, 9_980), undefined, 'before the intent');
    assert.equal(owner(9_000, 9_995), 'f0001', 'after the intent');
    tell(...[16, 17, 18, 19, 20].map((at) => loadSecond(at * 1_000)));
    assert.equal(owner(20_900, 20_950), 'f0001', 'four whole seconds are not enough');
    tell(loadSecond(21_000));
    assert.equal(record().closedAt, 21_000);
    assert.deepEqual(record().returned, { state: 'normal', at: 15_105 });
    assert.equal(owner(20_900, 21_100), 'f0001', 'it began within the window');
    assert.equal(owner(21_001, 21_100), undefined, 'after the window');
    tell(...inject(21_050, second));
    assert.equal(owner(21_000, 21_100), 'f0002');
    assert.equal(owner(300_000, 300_001), 'f0002', 'a fault without an end owns all that follows');
  });

  it('begins the row of normal seconds again after each failure of a request that began after the fault', () => {
    const cut = planned('timeout', 'client-link', 5);
    const after = (...events: Observation[]): FaultRecord => {
      const { tell, record } = tracked(cut);
      tell(...inject(10_000, cut), undone(15_000), ok(15_100), loadSecond(16_000), loadSecond(17_000), ...events);
      return record();
    };
    const seconds = [18, 19, 20, 21].map((at) => loadSecond(at * 1_000));
    // Whoever asked before the end may wait for long, which says nothing of the time after it.
    assert.deepEqual(after({ ...refused(14_000), at: 17_500 }, ...seconds).returned, { state: 'normal', at: 15_105 });
    assert.equal(after({ ...refused(17_000), at: 17_500 }, ...seconds).returned, null);
    const more = [22, 23].map((at) => loadSecond(at * 1_000));
    assert.deepEqual(after({ ...refused(17_000), at: 17_500 }, ...seconds, ...more).returned, {
      state: 'normal',
      at: 18_000,
    });
  });

  it('counts no row of seconds over time in which nobody looked, or in which the injector itself failed', () => {
    const cut = planned('timeout', 'client-link', 5);
    const { tell, record } = tracked(cut);
    tell(...inject(10_000, cut), undone(15_000), ok(15_100), ...[16, 17, 18, 19].map((at) => loadSecond(at * 1_000)));
    tell(loadSecond(23_000), loadSecond(24_000));
    tell({ type: 'injector_failed', at: 27_500, fromAt: 24_500, toAt: 27_500, reason: 'no answer' });
    for (const at of [25, 26, 27, 28, 29, 30]) tell(loadSecond(at * 1_000));
    assert.equal(record().returned, null);
    for (const at of [31, 32, 33]) tell(loadSecond(at * 1_000));
    assert.deepEqual(record().returned, { state: 'normal', at: 28_000 });
  });

  it('does not follow a fault that ends while another one acts', () => {
    const [long, short] = [planned('latency', 'client-link', 60), planned('freeze', 'server', 5, 'f0002')];
    const { tell, record, tracker } = tracked(long, short);
    tell(...inject(10_000, long), ...inject(20_000, short), undone(25_000, 'f0002'), ok(25_100));
    assert.deepEqual(record('f0002').returned, {
      state: 'censored',
      lastAbnormalAt: null,
      reason: 'another fault was active',
    });
    assert.equal(record('f0002').closedAt, 25_105);
    assert.equal(tracker.ownerOf(26_000, 26_100)?.fault.id, 'f0001');
  });

  it('ends the window of a fault that was intended and then skipped', () => {
    const freeze = planned('freeze', 'server', 5);
    const { tell, tracker } = tracked(freeze);
    const [intended] = inject(10_000, freeze);
    assert.ok(intended);
    const { id: faultId, kind, target } = freeze;
    tell(intended, { type: 'fault_skipped', at: 11_000, faultId, kind, target, reason: 'late', unsupported: false });
    assert.equal(tracker.ownerOf(10_500, 10_600)?.fault.id, 'f0001');
    assert.equal(tracker.ownerOf(11_500, 11_600), null);
  });

  it('opens the window again when the target dies once more soon after its recovery', () => {
    const crash = planned('crash', 'server');
    const { tell, record } = tracked(crash);
    tell(
      ...inject(1_000, crash),
      died(1_020),
      undone(1_030),
      ...started(1_500, 'policy', 1),
      ok(2_000),
      loadSecond(3_000),
    );
    tell(
      died(3_500),
      loadSecond(4_000),
      loadSecond(5_000),
      loadSecond(6_000),
      loadSecond(7_000),
      loadSecond(8_000),
      loadSecond(9_000),
    );
    assert.equal(record().closedAt, null);
    tell(...started(9_500, 'supervisor'), ok(10_000));
    for (const at of [11, 12, 13, 14, 15, 16]) tell(loadSecond(at * 1_000));
    assert.deepEqual(record().returned, { state: 'normal', at: 10_005 });
  });

  it('has no stage later than an observation that implies it', () => {
    const seen = (at: number, port: boolean, ready: boolean): Observation => ({ type: 'server_seen', at, port, ready });
    const crash = planned('crash', 'server');
    const killed = tracked(crash);
    killed.tell(...inject(1_000, crash), died(1_020), undone(1_030), seen(1_050, false, false), ok(2_000));
    killed.tell(seen(2_040, true, false), ...started(2_050, 'policy', 1), seen(2_100, true, true));
    assert.deepEqual(stagesOf(killed.record()), {
      restartedAt: null,
      portAt: 2_005,
      readyAt: 2_005,
      firstSuccessAt: 2_005,
    });
    const late = tracked(crash);
    late.tell(...inject(1_000, crash), died(1_020), undone(1_030), seen(1_050, false, false), seen(1_500, true, false));
    late.tell(...started(1_510, 'policy', 1), seen(1_600, true, true), ok(2_000));
    assert.deepEqual(stagesOf(late.record()), {
      restartedAt: 1_500,
      portAt: 1_500,
      readyAt: 1_600,
      firstSuccessAt: 2_005,
    });
    const down = planned('database-down', 'postgres', 5);
    const cached = tracked(down);
    cached.tell(...inject(1_000, down), seen(1_100, true, false), undone(6_000), ok(6_010), seen(7_000, true, true));
    assert.equal(stagesOf(cached.record()).readyAt, 7_000, 'a cached answer does not imply a database');
  });

  it('ends at its undo when it did not bite', () => {
    const freeze = planned('freeze', 'server', 5);
    const { tell, record } = tracked(freeze);
    tell(...inject(1_000, freeze, 'no'));
    assert.equal(endOf(record()), null);
    tell(undone(6_000));
    assert.equal(endOf(record()), 6_000);
    assert.equal(recoveryOf(record(), 100_000, limitSeconds).state, 'not_due');
  });

  it('tells "never" from "not asked long enough"', () => {
    const crash = planned('crash', 'server');
    const { tell, record } = tracked(crash);
    tell(...inject(1_000, crash), died(1_020), refused(2_000));
    assert.equal(recoveryOf(record(), 31_000, limitSeconds).state, 'not_recovered');
    assert.equal(recoveryOf(record(), 30_999, limitSeconds).state, 'unknown');
    assert.equal(healerOf(record(), { state: 'not_recovered' }), 'nobody');
  });
});
