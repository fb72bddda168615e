import assert from 'node:assert/strict';
import { faultKinds, isInstant } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import { describe, it } from 'mocha';
import { fault } from '../testing/fake-lab.ts';
import { events, rejection, run, slow, startedLab } from '../testing/started-lab.ts';

const request = { runId: run.runId };
const supervisor = { runId: run.runId, actor: 'supervisor' as const, reason: 'exited for 2 s' };

describe('FaultLifecycle', () => {
  for (const kind of faultKinds) {
    const instant = isInstant({ kind, params: {} });
    it(`${kind}: records intent, effect and revert, and restores the state`, async () => {
      const { lab, injector, stop } = await startedLab();
      const before = lab.state();
      const planned = fault(kind);
      const answer = await lab.clock.until(injector.inject({ ...request, fault: planned }));
      if (answer.effect !== 'unsupported') {
        assert.equal(answer.effect, 'confirmed', answer.evidence);
        assert.equal(answer.over, instant);
        if (!instant) {
          assert.notEqual(lab.state(), before, 'the state while it is active');
          const reverted = await lab.clock.until(injector.release(planned.id));
          assert.ok(reverted.verified, reverted.evidence);
        }
        if (kind === 'outage') await lab.clock.until(injector.starts.start('server', supervisor));
        await lab.clock.advance(1_000);
        const recorded = injector.recorder.log.page(undefined, 0).events.map(({ event }) => event.type);
        const own = recorded.filter((type) => type.startsWith('fault_'));
        assert.deepEqual(own, ['fault_intended', 'fault_injected', 'fault_effect_checked', 'fault_reverted']);
      }
      assert.equal(lab.state(), before);
      stop.abort();
    });

    it(`${kind}: noop skips only the injection and has no effect`, async () => {
      const { lab, injector, stop } = await startedLab();
      const before = lab.state();
      const planned = fault(kind, { noop: true });
      const answer = await lab.clock.until(injector.inject({ ...request, fault: planned }));
      assert.equal(lab.state(), before);
      if (answer.effect !== 'unsupported') assert.equal(answer.effect, 'absent', answer.evidence);
      if (!answer.over) assert.ok((await lab.clock.until(injector.release(planned.id))).verified);
      assert.equal(lab.state(), before);
      stop.abort();
    });
  }

  it('closes a fault once when it is reverted during its effect check', async () => {
    const { lab, injector, stop } = await startedLab();
    // No container dies of a no-op outage, so its effect check waits the whole 4 s.
    const planned = fault('outage', { noop: true });
    const injecting = injector.inject({ ...request, fault: planned });
    await lab.clock.advance(1_000);
    await lab.clock.until(injector.release(planned.id));
    const answer = await lab.clock.until(injecting);
    assert.deepEqual([answer.effect, answer.over], ['absent', true]);
    assert.deepEqual(
      events(injector, 'fault_reverted').map(({ cause }) => cause),
      ['released'],
    );
    stop.abort();
  });

  it('closes a fault once when its effect check ends during its revert', async () => {
    const { lab, injector, stop } = await startedLab();
    const planned = fault('outage', { noop: true });
    const injecting = injector.inject({ ...request, fault: planned });
    await lab.clock.advance(3_900);
    // The revert reads the target's state while the effect check reaches its limit of 4 s.
    slow(lab, 'list', 200);
    await lab.clock.until(Promise.all([injecting, injector.release(planned.id)]));
    assert.deepEqual(
      events(injector, 'fault_reverted').map(({ cause }) => cause),
      ['released'],
    );
    assert.equal(lab.lines.filter((line) => line.includes('"line":"closed"')).length, 1);
    stop.abort();
  });

  it('waits for an injection in progress before it releases the fault', async () => {
    const { lab, injector, stop } = await startedLab();
    const before = lab.state();
    slow(lab, 'pause', 500);
    const planned = fault('freeze');
    const injecting = injector.inject({ ...request, fault: planned });
    await lab.clock.advance(100);
    const released = await lab.clock.until(injector.release(planned.id));
    assert.deepEqual([released.verified, lab.state()], [true, before]);
    assert.equal((await lab.clock.until(injecting)).over, true);
    stop.abort();
  });

  it('measures from the engine’s time of the injection, not from the end of its call', async () => {
    const { lab, injector, stop } = await startedLab();
    const { engine, clock } = lab;
    const pause = engine.pause.bind(engine);
    engine.pause = async (id) => {
      await pause(id);
      await clock.sleep(500);
    };
    const pausedAt = clock.now();
    const { injectedAt } = await clock.until(injector.inject({ ...request, fault: fault('freeze') }));
    assert.equal(injectedAt, pausedAt);
    assert.deepEqual(
      events(injector, 'fault_injected').map(({ at, engineAt }) => [at, engineAt]),
      [[pausedAt, pausedAt]],
    );
    stop.abort();
  });

  it('does not inject a fault whose run ends before the injection begins', async () => {
    const { lab, injector, stop } = await startedLab();
    const before = lab.state();
    slow(lab, 'list', 500);
    const injecting = rejection(injector.inject({ ...request, fault: fault('freeze') }), 'RUN_OVER');
    await lab.clock.until(injector.lease.end(run.runId));
    await lab.clock.until(injecting);
    assert.equal(lab.state(), before);
    assert.deepEqual(events(injector, 'fault_intended'), []);
    stop.abort();
  });

  it('refuses one kind twice on a target when both are injected at once', async () => {
    const { lab, injector, stop } = await startedLab();
    const first = injector.inject({ ...request, fault: fault('freeze') });
    await rejection(injector.inject({ ...request, fault: fault('freeze') }), 'FAULT_OVERLAPS');
    assert.equal((await lab.clock.until(first)).over, false);
    stop.abort();
  });

  it('restores the limit before a target that died under it restarts', async () => {
    const { lab, injector, stop } = await startedLab();
    const planned = fault('memory-cap');
    await lab.clock.until(injector.inject({ ...request, fault: planned }));
    const capped = lab.server.memoryBytes;
    lab.engine.die(lab.server, 137, true);
    await lab.clock.advance(200);
    assert.equal(lab.server.status, 'restarting');
    assert.ok(lab.server.memoryBytes > capped, 'before the policy restarts it');
    await lab.clock.advance(1_000);
    assert.match(events(injector, 'fault_reverted')[0]?.evidence ?? '', /died while the fault was active/);
    stop.abort();
  });

  it('closes a fault that was reverted under a full journal once the journal is writable', async () => {
    const { lab, injector, stop } = await startedLab();
    const before = lab.state();
    let isFull = true;
    const { lines } = lab;
    lines.push = (line) => {
      if (isFull && /"(fault_injected|closed)"/.test(line)) throw new EncoreError('JOURNAL_UNWRITABLE', 'full');
      return Array.prototype.push.call(lines, line);
    };
    const planned = fault('freeze');
    await lab.clock.until(injector.inject({ ...request, fault: planned }));
    await lab.clock.until(rejection(injector.release(planned.id), 'JOURNAL_UNWRITABLE'));
    assert.equal(lab.state(), before);
    assert.equal(injector.registry.open.length, 1);
    isFull = false;
    await lab.clock.advance(4_000);
    assert.deepEqual(injector.registry.open, []);
    assert.equal(lines.filter((line) => line.includes('"line":"closed"')).length, 1);
    stop.abort();
  });

  it('records events and reverts a fault while the journal cannot be written, and records that once', async () => {
    const { lab, injector, stop } = await startedLab();
    const before = lab.state();
    const planned = fault('freeze');
    let isFull = false;
    lab.engine.onCall = (what) => {
      // The volume fills up during the injection.
      if (what === 'pause') isFull = true;
    };
    lab.onLine = () => {
      if (isFull) throw new EncoreError('JOURNAL_UNWRITABLE', 'ENOSPC');
    };
    const answer = await lab.clock.until(injector.inject({ ...request, fault: planned }));
    assert.equal(answer.effect, 'confirmed', answer.evidence);
    assert.deepEqual(
      [events(injector, 'fault_injected').length, events(injector, 'fault_effect_checked').length],
      [1, 1],
    );
    await rejection(injector.inject({ ...request, fault: fault('latency') }), 'JOURNAL_UNWRITABLE');
    isFull = false;
    await lab.clock.until(injector.release(planned.id));
    assert.equal(lab.state(), before);
    assert.deepEqual(
      events(injector, 'injector_failed').map(({ reason }) => reason),
      ['ENOSPC'],
    );
    stop.abort();
  });

  it('retries a failed revert until it is verified, and records both', async () => {
    const { lab, injector, stop } = await startedLab();
    const before = lab.state();
    const planned = fault('freeze');
    await lab.clock.until(injector.inject({ ...request, fault: planned }));
    let failures = 2;
    lab.engine.onCall = (what) => {
      if (what === 'unpause' && failures-- > 0) throw new EncoreError('ENGINE_UNREACHABLE', 'socket hang up');
    };
    assert.equal((await lab.clock.until(injector.release(planned.id))).verified, false);
    await lab.clock.advance(10_000);
    assert.equal(lab.state(), before);
    assert.deepEqual(
      events(injector, 'fault_reverted').map(({ verified }) => verified),
      [false, true],
    );
    stop.abort();
  });
});
