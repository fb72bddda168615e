import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  died,
  inject,
  loadSecond,
  ok,
  planned,
  refused,
  reverted,
  started,
  tracked,
} from '../../testing/tracked-fault.ts';
import type { Observation } from '../events/time-order.ts';
import type { FaultRecord } from './fault-record.ts';

describe('window of a fault', () => {
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
});
