/**
 * Faults that something else ends before their revert: when this is detected, and what does not
 * count.
 */
import assert from 'node:assert/strict';
import { type EventOf, type FaultKind, type FaultParams, faultKinds, type PlannedFault } from '@encore/contracts';
import { isProxy } from '@encore/kit';
import { afterEach, describe, it } from 'mocha';
import { FakeLab, fault } from '../testing/fake-lab.ts';
import { events, startedLab } from '../testing/started-lab.ts';
import { functionsOf } from './faults/functions-of.ts';
import type { Injector } from './injector.ts';
import { toxicName } from './lab-proxies.ts';

const supervisor = { runId: 'run-1', actor: 'supervisor' as const, reason: 'unhealthy' };
const megabyte = 1_048_576;

/** The injectors of the current test. */
const started: AbortController[] = [];

async function active(planned: PlannedFault, lab = new FakeLab()): Promise<{ lab: FakeLab; injector: Injector }> {
  const { injector, stop } = await startedLab(lab);
  started.push(stop);
  const { effect, evidence } = await lab.clock.until(injector.inject({ runId: 'run-1', fault: planned }));
  assert.equal(effect, 'confirmed', evidence);
  return { lab, injector };
}

const reverted = (injector: Injector): EventOf<'fault_reverted'>[] => events(injector, 'fault_reverted');

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
    case 'tool-stall':
      for (let call = 0; call < 2; call += 1) await lab.load.quickCall();
      return;
    case 'memory-pressure':
    case 'disk-full':
      engine.stress = { memoryBytes: 0, disk: false };
      return;
    case 'slow-start':
    case 'freeze':
    case 'hang':
      return engine.unpause(view.id);
    default:
      throw new Error(`a new kind with a lasting state: add to endByHand how an operator ends ${kind}`);
  }
}

/** Kinds with a lasting state; an outage has one until its revert. */
const lasting = faultKinds.filter((kind) => functionsOf[kind].readBack !== undefined);
const until = (kind: FaultKind): FaultParams => (kind === 'outage' ? { until: 'revert' } : {});

describe('a fault that something else ends', () => {
  afterEach(() => {
    for (const stop of started.splice(0)) stop.abort();
  });

  it('covers every kind with a lasting state', () => {
    const others: FaultKind[] = ['crash', 'restart'];
    assert.deepEqual(
      faultKinds.filter((kind) => !lasting.includes(kind)),
      others,
    );
  });

  for (const kind of lasting) {
    // Nothing outside the lab can end a spike, which runs in the load generator.
    if (kind === 'traffic-spike') continue;
    const { readBackIsCostly } = functionsOf[kind];
    it(`${kind}: is closed with cause external and the time at which it ended`, async () => {
      const planned = fault(kind, { durationSeconds: 40, params: until(kind) });
      const { lab, injector } = await active(planned);
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
    });

    it(`${kind}: is released as planned when nothing else ends it`, async () => {
      const planned = fault(kind, { durationSeconds: 40, params: until(kind) });
      const { lab, injector } = await active(planned);
      await lab.clock.advance(5_000);
      await lab.clock.until(injector.release(planned.id));
      assert.deepEqual(
        reverted(injector).map(({ cause }) => cause),
        ['released'],
      );
    });
  }

  it('is a spike that stops too early, without an intervention', async () => {
    const planned = fault('traffic-spike', { durationSeconds: 40 });
    const { lab, injector } = await active(planned);
    lab.load.endSpikes();
    await lab.clock.advance(3_000);
    assert.deepEqual(
      reverted(injector).map(({ cause, evidence }) => [cause, evidence]),
      [['reconciled', 'it ended on its own; before the revert the spike is over; the spike is stopped']],
    );
  });

  it('is a partition whose network was joined by hand without its names; the revert restores them', async () => {
    const planned = fault('partition', { durationSeconds: 40 });
    const { lab, injector } = await active(planned);
    const { id } = lab.container('server');
    await lab.engine.connect(id, { networkId: 'back-id', aliases: ['by-hand'], fixedAddress: '' });
    await lab.clock.advance(3_000);
    assert.deepEqual(
      reverted(injector).map(({ cause, verified }) => [cause, verified]),
      [['external', true]],
    );
    assert.deepEqual(lab.container('server').networks['back']?.aliases, ['server']);
  });

  it('is detected before the revert when no read-back happened in between', async () => {
    const planned = fault('freeze', { durationSeconds: 40 });
    const { lab, injector } = await active(planned);
    await endByHand(lab, planned);
    await lab.clock.until(injector.release(planned.id));
    assert.equal(reverted(injector)[0]?.cause, 'external');
  });

  it('does not include a hang that the supervisor ends', async () => {
    const planned = fault('hang', { durationSeconds: 40 });
    const { lab, injector } = await active(planned);
    await lab.clock.until(injector.starts.restart('server', supervisor));
    await lab.clock.advance(3_000);
    assert.deepEqual(
      reverted(injector).map(({ cause, evidence }) => [cause, /started by supervisor/.test(evidence)]),
      [['reconciled', true]],
    );
  });

  for (const kind of ['memory-cap', 'disk-full'] as const)
    for (const kill of ['crash', 'outage', 'restart'] as const)
      it(`does not include ${kind} when an overlapping ${kill} of the plan ends it`, async () => {
        const planned = fault(kind, { durationSeconds: 40 });
        const { lab, injector } = await active(planned);
        await lab.clock.advance(2_000);
        await lab.clock.until(injector.inject({ runId: 'run-1', fault: fault(kill) }));
        await lab.clock.advance(3_000);
        await lab.clock.until(injector.release(planned.id));
        assert.deepEqual(
          reverted(injector).flatMap(({ faultId, cause }) => (faultId === planned.id ? cause : [])),
          ['reconciled'],
        );
      });

  /** Stops the target, or replaces it, as an operator would. */
  const stopsByHand: Record<string, (lab: FakeLab) => Promise<void>> = {
    'docker kill': (lab) => lab.engine.kill(lab.server.id, 'SIGKILL'),
    'docker kill, after which the restart policy starts it': (lab) => lab.engine.kill(lab.server.id, 'SIGQUIT'),
    'docker stop': (lab) => lab.engine.stop(lab.server.id),
    'docker restart': (lab) => lab.engine.restart(lab.server.id),
    'docker compose up --force-recreate': async (lab) => void (await lab.engine.recreate(lab.server.id)),
  };
  for (const [command, stopByHand] of Object.entries(stopsByHand))
    for (const kind of ['freeze', 'hang', 'memory-cap', 'disk-full'] as const)
      it(`includes ${kind} after ${command}`, async () => {
        const planned = fault(kind, { durationSeconds: 40 });
        const { lab, injector } = await active(planned);
        await lab.clock.advance(2_000);
        const stoppedAt = lab.clock.now();
        await stopByHand(lab);
        await lab.clock.advance(3_000);
        await lab.clock.until(injector.release(planned.id));
        const [first, ...more] = reverted(injector);
        assert.deepEqual([first?.cause, more.length], ['external', 0], first?.evidence);
        assert.match(first?.evidence ?? '', /something outside the lab stopped the target \((kill|stop|destroy)/);
        assert.ok(Math.abs((first?.at ?? 0) - stoppedAt) < 500, `${(first?.at ?? 0) - stoppedAt} ms after it`);
      });

  it('includes a stall whose breaker is gone because the server was killed by hand', async () => {
    const planned = fault('tool-stall', { durationSeconds: 40 });
    const { lab, injector } = await active(planned);
    await lab.clock.advance(1_000);
    const stoppedAt = lab.clock.now();
    await lab.engine.kill(lab.server.id, 'SIGKILL');
    lab.load.restartServer();
    await lab.clock.advance(3_000);
    const [first] = reverted(injector);
    assert.deepEqual([first?.cause, first?.at], ['external', stoppedAt], first?.evidence);
  });

  it('includes a hang whose target was killed by hand before the supervisor started it', async () => {
    const planned = fault('hang', { durationSeconds: 40 });
    const { lab, injector } = await active(planned);
    const stoppedAt = lab.clock.now();
    await lab.engine.kill(lab.server.id, 'SIGKILL');
    await lab.clock.until(injector.starts.start('server', supervisor));
    await lab.clock.advance(3_000);
    const [first] = reverted(injector);
    assert.deepEqual([first?.cause, first?.at], ['external', stoppedAt], first?.evidence);
  });

  it('includes a limit that is changed by hand after the target was restarted under it', async () => {
    const planned = fault('cpu-throttle', { durationSeconds: 40 });
    const { lab, injector } = await active(planned);
    await lab.clock.until(injector.starts.restart('server', supervisor));
    await lab.clock.advance(3_000);
    assert.deepEqual(reverted(injector), [], 'a start does not end a limit');
    await endByHand(lab, planned);
    await lab.clock.advance(3_000);
    assert.equal(reverted(injector)[0]?.cause, 'external');
  });

  it('includes a cap whose swap limit alone is changed by hand', async () => {
    const planned = fault('memory-cap', { durationSeconds: 40 });
    const { lab, injector } = await active(planned);
    const { id, memoryBytes } = lab.server;
    await lab.engine.updateMemory(id, memoryBytes, 512 * megabyte);
    await lab.clock.advance(3_000);
    assert.equal(reverted(injector)[0]?.cause, 'external');
  });

  it('is detected even if the clock of the engine is ahead', async () => {
    const planned = fault('outage', { durationSeconds: 40, params: { until: 'revert' } });
    const lab = new FakeLab();
    lab.engine.aheadMs = 700;
    const { injector } = await active(planned, lab);
    await lab.clock.advance(2_000);
    await endByHand(lab, planned);
    await lab.clock.advance(3_000);
    assert.equal(reverted(injector)[0]?.cause, 'external');
  });

  it('does not include an OOM kill of the capped target or of the stress helper', async () => {
    const cap = fault('memory-cap', { durationSeconds: 40 });
    const capped = await active(cap);
    await capped.lab.clock.advance(100);
    capped.lab.engine.die(capped.lab.server, 137, true);
    await capped.lab.clock.advance(3_000);
    assert.equal(reverted(capped.injector)[0]?.cause, 'reconciled');
    const pressure = fault('memory-pressure', { durationSeconds: 40 });
    const stress = await active(pressure);
    await stress.lab.clock.advance(100);
    stress.lab.engine.oom(stress.lab.server);
    await stress.lab.clock.advance(1_000);
    await stress.lab.clock.until(stress.injector.release(pressure.id));
    assert.equal(reverted(stress.injector)[0]?.cause, 'reconciled');
  });

  /** What somebody may do to the proxy of a fault. */
  const changesOfProxy: Record<string, (lab: FakeLab, planned: PlannedFault) => Promise<void> | void> = {
    'is deleted': ({ proxies }, { target }) => proxies.remove(target),
    'gets another upstream': ({ proxies }, { target }) => {
      Object.assign(proxies.states.get(target) ?? {}, { upstream: 'elsewhere:8000' });
    },
    'gets another toxicity of the toxic': ({ proxies }, { target }) => {
      const { toxics = [] } = proxies.states.get(target) ?? {};
      Object.assign(toxics[0] ?? {}, { toxicity: 0 });
    },
  };
  for (const [what, change] of Object.entries(changesOfProxy))
    it(`includes a fault whose proxy ${what}`, async () => {
      const planned = fault('latency', { durationSeconds: 40 });
      const { lab, injector } = await active(planned);
      await lab.clock.advance(2_000);
      await change(lab, planned);
      await lab.clock.advance(3_000);
      const [first, ...more] = reverted(injector);
      assert.deepEqual([first?.cause, more.length], ['external', 0], first?.evidence);
    });

  it('does not include a restarted or unresponsive Toxiproxy', async () => {
    const planned = fault('latency', { durationSeconds: 40 });
    const restarted = await active(planned);
    restarted.lab.engine.die(restarted.lab.container('toxiproxy'), 1, true);
    for (const state of restarted.lab.proxies.states.values()) state.toxics = [];
    await restarted.lab.clock.advance(3_000);
    assert.equal(reverted(restarted.injector)[0]?.cause, 'reconciled');
    const silent = await active(fault('latency', { durationSeconds: 40 }));
    silent.lab.proxies.onCall = () => {
      throw new Error('no answer');
    };
    await silent.lab.clock.advance(2_000);
    assert.deepEqual(reverted(silent.injector), []);
  });
});
