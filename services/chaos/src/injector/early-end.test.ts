/**
 * Faults that something else ends before their revert: when this is detected, and what does not
 * count.
 */
import assert from 'node:assert/strict';
import {
  type EncoreEvent,
  type EventOf,
  type FaultKind,
  type FaultParams,
  faultKinds,
  type PlannedFault,
} from '@encore/contracts';
import { isProxy } from '@encore/kit';
import { describe, it } from 'mocha';
import { FakeLab, fault } from '../simulation/fake-lab.ts';
import { faultTable } from './faults/fault-table.ts';
import type { Injector } from './injector.ts';
import { toxicName } from './lab-proxies.ts';

const supervisor = { runId: 'run-1', actor: 'supervisor' as const, reason: 'unhealthy' };
const megabyte = 1_048_576;

async function active(planned: PlannedFault): Promise<{ lab: FakeLab; injector: Injector; stop: AbortController }> {
  const lab = new FakeLab();
  const injector = lab.injector();
  const stop = new AbortController();
  void injector.run(stop.signal);
  await lab.clock.advance(1_000);
  await lab.clock.until(injector.claim({ runId: 'run-1', holder: 'test', ttlMs: 60_000 }));
  const { effect, evidence } = await lab.clock.until(injector.inject({ runId: 'run-1', fault: planned }));
  assert.equal(effect, 'confirmed', evidence);
  return { lab, injector, stop };
}

const reverted = (injector: Injector): EventOf<'fault_reverted'>[] =>
  injector.recorder.log
    .page(undefined, 0)
    .events.map(({ event }) => event)
    .filter((event: EncoreEvent): event is EventOf<'fault_reverted'> => event.type === 'fault_reverted');

/** Ends a fault of this kind as an operator would. */
async function endByHand(lab: FakeLab, { id, kind, target }: PlannedFault): Promise<void> {
  const { engine, proxies } = lab;
  if (kind === 'connection-refused') return proxies.setEnabled(target, true);
  if (isProxy(target)) return proxies.removeToxic(target, toxicName(id));
  const view = lab.container(target);
  switch (kind) {
    case 'memory-cap':
      return engine.updateMemory(view.id, 512 * megabyte, 512 * megabyte);
    case 'cpu-throttle':
      return engine.updateCpus(view.id, 1);
    case 'partition':
      return engine.connect(view.id, { networkId: 'back-id', aliases: ['server'], fixedAddress: '' });
    case 'outage':
      return engine.start(view.id);
    case 'memory-pressure':
    case 'disk-full':
      engine.stress = { memoryBytes: 0, disk: false };
      return;
    default:
      return engine.unpause(view.id);
  }
}

/** Kinds with a lasting state; an outage has one until its revert. */
const lasting = faultKinds.filter((kind) => faultTable[kind].readBack !== undefined);
const until = (kind: FaultKind): FaultParams => (kind === 'outage' ? { until: 'revert' } : {});

describe('a fault that something else ends', () => {
  it('covers every kind with a lasting state except traffic-spike and tool-stall', () => {
    const others: FaultKind[] = ['crash', 'restart', 'tool-stall', 'traffic-spike'];
    assert.deepEqual(
      faultKinds.filter((kind) => !lasting.includes(kind)),
      others,
    );
  });

  for (const kind of lasting) {
    const { readBackIsCostly } = faultTable[kind];
    it(`${kind}: is closed with cause external and the time at which it ended`, async () => {
      const planned = fault(kind, { durationSeconds: 40, params: until(kind) });
      const { lab, injector, stop } = await active(planned);
      await lab.clock.advance(5_000);
      assert.deepEqual(reverted(injector), [], 'it stays active until something ends it');
      const endedAt = lab.clock.now();
      await endByHand(lab, planned);
      await lab.clock.advance(3_000);
      if (readBackIsCostly === true) await lab.clock.until(injector.release(planned.id));
      const [first, ...more] = reverted(injector);
      assert.deepEqual([first?.faultId, first?.cause, first?.verified, more.length], [planned.id, 'external', true, 0]);
      if (readBackIsCostly !== true) {
        const lateMs = (first?.at ?? 0) - endedAt;
        assert.ok(lateMs >= 0 && lateMs <= 1_500, `${lateMs} ms after it ended`);
      }
      const later = await lab.clock.until(injector.release(planned.id));
      assert.equal(later.evidence, 'the fault had already ended');
      stop.abort();
    });

    it(`${kind}: is released as planned when nothing else ends it`, async () => {
      const planned = fault(kind, { durationSeconds: 40, params: until(kind) });
      const { lab, injector, stop } = await active(planned);
      await lab.clock.advance(5_000);
      await lab.clock.until(injector.release(planned.id));
      assert.deepEqual(
        reverted(injector).map(({ cause }) => cause),
        ['released'],
      );
      stop.abort();
    });
  }

  it('is detected before the revert when no read-back happened in between', async () => {
    const planned = fault('freeze', { durationSeconds: 40 });
    const { lab, injector, stop } = await active(planned);
    await endByHand(lab, planned);
    await lab.clock.until(injector.release(planned.id));
    assert.equal(reverted(injector)[0]?.cause, 'external');
    stop.abort();
  });

  it('does not include a hang that the supervisor ends', async () => {
    const planned = fault('hang', { durationSeconds: 40 });
    const { lab, injector, stop } = await active(planned);
    await lab.clock.until(injector.restartTarget('server', supervisor));
    await lab.clock.advance(3_000);
    assert.deepEqual(
      reverted(injector).map(({ cause, evidence }) => [cause, /started by supervisor/.test(evidence)]),
      [['reconciled', true]],
    );
    stop.abort();
  });

  it('does not include a fault that an overlapping kill ends', async () => {
    const planned = fault('freeze', { durationSeconds: 40 });
    const { lab, injector, stop } = await active(planned);
    await lab.engine.kill(lab.server.id, 'SIGQUIT');
    await lab.clock.advance(3_000);
    assert.deepEqual(
      reverted(injector).map(({ cause }) => cause),
      ['reconciled'],
    );
    stop.abort();
  });

  it('does not include an OOM kill of the capped target or of the stress helper', async () => {
    const cap = fault('memory-cap', { durationSeconds: 40 });
    const capped = await active(cap);
    await capped.lab.clock.advance(100);
    capped.lab.engine.die(capped.lab.server, 137, true);
    await capped.lab.clock.advance(3_000);
    assert.equal(reverted(capped.injector)[0]?.cause, 'reconciled');
    capped.stop.abort();
    const pressure = fault('memory-pressure', { durationSeconds: 40 });
    const stress = await active(pressure);
    await stress.lab.clock.advance(100);
    stress.lab.engine.oom(stress.lab.server);
    await stress.lab.clock.advance(1_000);
    await stress.lab.clock.until(stress.injector.release(pressure.id));
    assert.equal(reverted(stress.injector)[0]?.cause, 'reconciled');
    stress.stop.abort();
  });

  it('does not include a restarted or unresponsive Toxiproxy', async () => {
    const planned = fault('latency', { durationSeconds: 40 });
    const restarted = await active(planned);
    restarted.lab.engine.die(restarted.lab.container('toxiproxy'), 1, true);
    for (const state of restarted.lab.proxies.states.values()) state.toxics = [];
    await restarted.lab.clock.advance(3_000);
    assert.equal(reverted(restarted.injector)[0]?.cause, 'reconciled');
    restarted.stop.abort();
    const silent = await active(fault('latency', { durationSeconds: 40 }));
    silent.lab.proxies.onCall = () => {
      throw new Error('no answer');
    };
    await silent.lab.clock.advance(2_000);
    assert.deepEqual(reverted(silent.injector), []);
    silent.stop.abort();
  });
});
