/** Evidence and recovery are those of the replica that a fault acted on, although others answer. */
import assert from 'node:assert/strict';
import type { FaultKind, PlannedFault, Target } from '@encore/contracts';
import { plannedSystem } from '@encore/kit';
import { bundledSystemWith } from '@encore/kit/testing/bundled-system';
import { describe, it } from 'mocha';
import { Interventions } from '../collect/interventions.ts';
import type { Observation } from '../events/time-order.ts';
import { recoveredByOf, recoveryOf, stagesOf } from './fault-record.ts';
import { FaultTracker } from './fault-tracker.ts';

const system = plannedSystem(bundledSystemWith({ replicas: 2 }));

function tracked(kind: FaultKind, target: Target, durationSeconds = 0) {
  const fault: PlannedFault = { id: 'f0001', kind, target, atSeconds: 1, durationSeconds, params: {} };
  const tracker = new FaultTracker({ system, faults: [fault] });
  const interventions = new Interventions(system, tracker);
  const add = (...events: Observation[]): void => {
    for (const event of events) {
      tracker.add(event);
      interventions.add(event);
    }
  };
  const record = () => tracker.records.get('f0001') ?? assert.fail();
  const recovery = () => recoveryOf(record(), 100_000, 30);
  add(
    { type: 'run_started', at: 0, runId: 'r', seed: 1, planHash: '', config: {}, environment: {} },
    { type: 'fault_intended', at: 990, faultId: 'f0001', fault },
    { type: 'fault_injected', at: 1_000, engineAt: 1_000, faultId: 'f0001', kind, target, params: {} },
    { type: 'fault_effect_checked', at: 1_060, faultId: 'f0001', effect: 'confirmed', evidence: '' },
  );
  return { add, record, recovery, interventions };
}

const answered = (startedAt: number): Observation => ({
  type: 'answered_again',
  at: startedAt + 10,
  startedAt,
  operation: 'analyze',
});
const engine = (at: number, target: Target, action: string, restartCount?: number): Observation => ({
  type: 'engine_event',
  at,
  engineAt: at,
  target,
  action,
  ...(restartCount === undefined ? {} : { restartCount }),
});
const observed = (at: number, target: Target, ready: boolean): Observation => ({
  type: 'server_observed',
  at,
  target,
  port: ready,
  ready,
});

describe('a fault of one replica', () => {
  it('is recovered from when that replica is ready, not while another one answers', () => {
    const { add, record, recovery } = tracked('crash', 'server#1');
    add(engine(1_020, 'server#1', 'die'), answered(1_050), observed(1_100, 'server#1', false), answered(1_200));
    add(engine(1_500, 'server#2', 'start'), answered(1_600));
    assert.equal(record().restartedAt, null, 'the start of the other one');
    add(engine(2_000, 'server#1', 'start', 1), answered(2_100));
    add({ type: 'target_started', at: 2_000, target: 'server#1', actor: 'restart-policy', reason: '' });
    assert.equal(record().firstSuccessAt, null, 'it has started, but is not ready');
    add(observed(2_500, 'server#2', true), answered(2_600), observed(3_000, 'server#1', true), answered(2_990));
    assert.equal(record().firstSuccessAt, null, 'the request began before it was ready');
    add(answered(3_100));
    assert.deepEqual(recovery(), { state: 'recovered', seconds: 2.11 });
    assert.equal(recoveredByOf(record(), recovery()), 'restart-policy');
    assert.deepEqual(stagesOf(record()), { restartedAt: 2_000, portAt: 3_000, readyAt: 3_000, firstSuccessAt: 3_110 });
  });

  it('never ends if the replica stays down', () => {
    const { add, recovery } = tracked('outage', 'server#2');
    add(engine(1_020, 'server#2', 'die'));
    for (let at = 1_100; at < 40_000; at += 500) add(answered(at));
    assert.deepEqual(recovery(), { state: 'not_recovered' });
  });

  it('without a death ends when the replica is ready again after the revert', () => {
    const { add, recovery } = tracked('freeze', 'server#2', 5);
    add(observed(2_500, 'server#2', false), answered(2_600));
    const reverted = { verified: true, cause: 'released' as const, evidence: '' };
    add({ type: 'fault_reverted', at: 6_000, faultId: 'f0001', ...reverted }, answered(6_100));
    add(observed(6_500, 'server#2', true), answered(6_600));
    assert.deepEqual(recovery(), { state: 'recovered', seconds: 0.61 });
  });

  it('explains events of that replica only', () => {
    const { add, interventions } = tracked('crash', 'server#1');
    add(engine(1_010, 'server#1', 'kill'), engine(1_020, 'server#2', 'kill'));
    assert.deepEqual(
      interventions.manual.map(({ target, action }) => [target, action]),
      [['server#2', 'kill']],
    );
  });
});

describe('a fault of the entry', () => {
  it('lasts until every replica is ready', () => {
    const { add, record } = tracked('timeout', 'server:8000', 5);
    add(observed(1_500, 'server#1', false), observed(1_600, 'server#2', false));
    add(observed(2_000, 'server#1', true));
    assert.equal(record().readyAt, null);
    add(observed(2_500, 'server#2', true));
    assert.equal(record().readyAt, 2_500);
  });
});
