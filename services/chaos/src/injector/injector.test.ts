import assert from 'node:assert/strict';
import type { EncoreEvent, EventOf, FaultKind } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import { describe, it } from 'mocha';
import { FakeLab, fault } from '../simulation/fake-lab.ts';
import { label } from './engine.ts';
import { faultTable } from './faults/fault-table.ts';
import type { Injector } from './injector.ts';
import { unsupportedKinds } from './unsupported-kinds.ts';

const run = { runId: 'run-1', holder: 'test', ttlMs: 10_000 };
const request = { runId: 'run-1' };
const supervisor = { runId: 'run-1', actor: 'supervisor' as const, reason: 'exited for 2 s' };

const events = <Type extends EncoreEvent['type']>(injector: Injector, type: Type): EventOf<Type>[] =>
  injector.recorder.log
    .page(undefined, 0)
    .events.map(({ event }) => event)
    .filter((event): event is EventOf<Type> => event.type === type);

async function rejection(promise: Promise<unknown>, code: string): Promise<EncoreError> {
  const error = await promise.then(
    () => assert.fail(`it should have failed with ${code}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof EncoreError, String(error));
  assert.equal(error.code, code, error.message);
  return error;
}

/** A lab with a running injector that holds the run lease and renews it. */
async function startedLab(): Promise<{
  lab: FakeLab;
  injector: Injector;
  stop: AbortController;
  renew: { on: boolean };
}> {
  const lab = new FakeLab();
  const injector = lab.injector();
  const stop = new AbortController();
  void injector.run(stop.signal);
  await lab.clock.advance(1_000);
  await lab.clock.until(injector.claim(run));
  const renew = { on: true };
  void (async () => {
    for (;;) {
      await lab.clock.sleep(2_000, stop.signal);
      if (renew.on) injector.renewRun(run.runId);
    }
  })().catch(() => {});
  return { lab, injector, stop, renew };
}

describe('Injector', () => {
  for (const { kind, instant } of Object.values(faultTable)) {
    it(`${kind}: intent, act, bite, undo and the state as before`, async () => {
      const { lab, injector, stop } = await startedLab();
      const before = lab.state();
      const planned = fault(kind);
      const answer = await lab.clock.until(injector.inject({ ...request, fault: planned }));
      if (answer.bit !== 'unsupported') {
        assert.equal(answer.bit, 'yes', answer.evidence);
        assert.equal(answer.over, instant);
        if (!instant) {
          assert.notEqual(lab.state(), before, 'the state while it is held');
          const undone = await lab.clock.until(injector.keeper.release(planned.id));
          assert.ok(undone.verified, undone.evidence);
        }
        if (kind === 'outage') await lab.clock.until(injector.startTarget('server', supervisor));
        await lab.clock.advance(1_000);
        const told = injector.recorder.log.page(undefined, 0).events.map(({ event }) => event.type);
        const own = told.filter((type) => type.startsWith('fault_'));
        assert.deepEqual(own, ['fault_intended', 'fault_injected', 'fault_bit', 'fault_undone']);
      }
      assert.equal(lab.state(), before);
      stop.abort();
    });

    it(`${kind}: inert does everything but the act, and does not bite`, async () => {
      const { lab, injector, stop } = await startedLab();
      const before = lab.state();
      const planned = fault(kind, { inert: true });
      const answer = await lab.clock.until(injector.inject({ ...request, fault: planned }));
      assert.equal(lab.state(), before);
      if (answer.bit !== 'unsupported') assert.equal(answer.bit, 'no', answer.evidence);
      if (!answer.over) assert.ok((await lab.clock.until(injector.keeper.release(planned.id))).verified);
      assert.equal(lab.state(), before);
      stop.abort();
    });
  }

  it('closes a fault once when it is reverted during its effect check', async () => {
    const { lab, injector, stop } = await startedLab();
    // Nobody dies of an inert outage, so its effect check waits for its whole 4 s.
    const planned = fault('outage', { inert: true });
    const injecting = injector.inject({ ...request, fault: planned });
    await lab.clock.advance(1_000);
    await lab.clock.until(injector.release(planned.id));
    const answer = await lab.clock.until(injecting);
    assert.deepEqual([answer.bit, answer.over], ['no', true]);
    assert.deepEqual(
      events(injector, 'fault_undone').map(({ cause }) => cause),
      ['released'],
    );
    stop.abort();
  });

  it('gives the lab to one run at a time, and takes everything back when its holder falls silent', async () => {
    const { lab, injector, stop, renew } = await startedLab();
    const before = lab.state();
    const held = await rejection(injector.claim({ ...run, runId: 'run-2', holder: 'another' }), 'RUN_HELD');
    assert.match(held.message, /test for run run-1/);
    assert.equal(held.status, 409);
    await lab.clock.until(injector.inject({ ...request, fault: fault('outage') }));
    assert.equal(lab.server.status, 'exited');
    renew.on = false;
    await lab.clock.advance(11_000);
    assert.equal(lab.state(), before, 'what the outage left down is started');
    assert.equal(events(injector, 'target_started').at(-1)?.actor, 'heal');
    assert.throws(() => injector.renewRun('run-1'), { code: 'RUN_OVER' });
    await rejection(injector.inject({ ...request, fault: fault('crash') }), 'RUN_OVER');
    await lab.clock.until(injector.claim({ ...run, runId: 'run-2', holder: 'another' }));
    stop.abort();
  });

  it('says of each start who made it', async () => {
    const { lab, injector, stop } = await startedLab();
    const actors = async (act: Promise<unknown>) => {
      await lab.clock.until(act);
      await lab.clock.advance(1_000);
      return events(injector, 'target_started').at(-1)?.actor;
    };
    assert.equal(await actors(injector.inject({ ...request, fault: fault('crash') })), 'policy');
    assert.equal(lab.server.restartCount, 1);
    await lab.clock.until(injector.inject({ ...request, fault: fault('outage') }));
    assert.equal(await actors(injector.startTarget('server', supervisor)), 'supervisor');
    assert.equal(await actors(injector.inject({ ...request, fault: fault('restart') })), 'undo');
    lab.engine.die(lab.server, 0, false);
    assert.equal(await actors(lab.engine.start(lab.server.id)), 'foreign');
    assert.equal(
      await actors(injector.inject({ ...request, fault: fault('crash') })),
      'policy',
      'after a reset RestartCount',
    );
    stop.abort();
  });

  it('names the running containers of each service, and none of docker compose run', async () => {
    const { lab, injector, stop } = await startedLab();
    const labels = { [label.project]: lab.server.labels[label.project] ?? '', [label.service]: 'loadgen' };
    lab.engine.add('loadgen-1', labels);
    lab.engine.add('loadgen-2', labels, { status: 'paused' });
    lab.engine.add('loadgen-3', labels, { status: 'exited' });
    lab.engine.add('loadgen-run', { ...labels, [label.oneoff]: 'True' });
    const { running } = await lab.clock.until(injector.engineInfo());
    assert.deepEqual(running, { loadgen: ['loadgen-1', 'loadgen-2'] });
    stop.abort();
  });

  it('names the checkout of each container, and of one that Compose creates during a run', async () => {
    const { lab, injector, stop } = await startedLab();
    const labels = (folder: string) => ({ ...lab.server.labels, [label.checkout]: folder });
    Object.assign(lab.server, { labels: labels('/home/a/encore') });
    const { checkouts } = await lab.clock.until(injector.engineInfo());
    assert.deepEqual(checkouts, { '/home/a/encore': ['server'] });
    lab.engine.add('1a2b_server', labels('/home/b/encore'));
    await lab.clock.advance(100);
    const [created] = events(injector, 'engine_saw').filter(({ action }) => action === 'create');
    assert.deepEqual([created?.target, created?.checkout], ['server', '/home/b/encore']);
    stop.abort();
  });

  it('forbids a start while a lease says so, and only then', async () => {
    const { lab, injector, stop } = await startedLab();
    const down = fault('outage', { durationSeconds: 60, forbidsStart: true });
    const answer = await lab.clock.until(injector.inject({ ...request, fault: down }));
    assert.equal(answer.over, false);
    await rejection(injector.startTarget('server', supervisor), 'START_FORBIDDEN');
    await rejection(injector.restartTarget('server', supervisor), 'START_FORBIDDEN');
    const [server] = (await injector.targets()).filter(({ target }) => target === 'server');
    assert.deepEqual([server?.held, server?.startForbidden], [['outage'], true]);
    await lab.clock.until(injector.keeper.release(down.id));
    assert.equal(lab.server.status, 'running');
    await rejection(injector.startTarget('server', supervisor), 'NOT_STOPPED');
    const hang = fault('hang');
    await lab.clock.until(injector.inject({ ...request, fault: hang }));
    await lab.clock.until(injector.restartTarget('server', supervisor));
    await lab.clock.advance(1_000);
    assert.equal(lab.server.status, 'running', 'a hang is the supervisor’s to end');
    assert.equal(events(injector, 'target_started').at(-1)?.actor, 'supervisor');
    stop.abort();
  });

  it('never starts a container that exited by itself', async () => {
    const { lab, injector, stop } = await startedLab();
    lab.engine.die(lab.server, 1, false);
    await lab.clock.advance(30_000);
    await lab.clock.until(injector.heal());
    assert.equal(lab.server.status, 'exited');
    stop.abort();
  });

  it('heals limits and links that nobody holds, and leaves the toxics of others', async () => {
    const { lab, injector, stop } = await startedLab();
    const before = lab.state();
    await lab.engine.updateMemory(lab.server.id, 200e6, 200e6);
    await lab.proxies.setEnabled('client-link', false);
    const toxic = { type: 'latency', stream: 'upstream' as const, toxicity: 1, attributes: { latency: 1 } };
    await lab.proxies.addToxic('database-link', { ...toxic, name: 'encore-f9999' });
    await lab.clock.advance(6_000);
    assert.equal(lab.state(), before);
    await lab.proxies.addToxic('database-link', { ...toxic, name: 'mine' });
    await lab.clock.advance(6_000);
    assert.equal(lab.proxies.states.get('database-link')?.toxics.length, 1);
    await lab.clock.until(injector.hygiene());
    assert.equal(events(injector, 'hygiene_checked')[0]?.leakedToxics, 1);
    stop.abort();
  });

  it('restores the limit before a target that died under it comes back', async () => {
    const { lab, injector, stop } = await startedLab();
    const planned = fault('memory-cap');
    await lab.clock.until(injector.inject({ ...request, fault: planned }));
    const capped = lab.server.memoryBytes;
    lab.engine.die(lab.server, 137, true);
    await lab.clock.advance(200);
    assert.equal(lab.server.status, 'restarting');
    assert.ok(lab.server.memoryBytes > capped, 'before the policy restarts it');
    await lab.clock.advance(1_000);
    assert.match(events(injector, 'fault_undone')[0]?.evidence ?? '', /died under it/);
    stop.abort();
  });

  it('notices that Toxiproxy was restarted: links are made again, what was held is over, and it is said', async () => {
    const { lab, injector, stop } = await startedLab();
    const before = lab.state();
    await lab.clock.until(injector.inject({ ...request, fault: fault('latency') }));
    lab.proxies.states.clear();
    await lab.clock.advance(2_000);
    assert.equal(lab.state(), before);
    assert.equal(events(injector, 'injector_failed').length, 1);
    assert.equal(injector.keeper.open.length, 0);
    stop.abort();
  });

  it('is ready once the engine was heard and the links are there', async () => {
    const lab = new FakeLab();
    const away = () => {
      throw new EncoreError('PROXY_UNREACHABLE', 'no answer', { status: 503 });
    };
    const list = lab.engine.list.bind(lab.engine);
    lab.engine.list = away;
    lab.proxies.onCall = away;
    const injector = lab.injector();
    const stop = new AbortController();
    void injector.run(stop.signal);
    await lab.clock.advance(3_000);
    assert.equal(injector.ready, false);
    lab.engine.list = list;
    await lab.clock.advance(3_000);
    assert.equal(injector.ready, false, 'Toxiproxy is still away');
    lab.proxies.onCall = () => {};
    await lab.clock.advance(3_000);
    assert.equal(injector.ready, true);
    stop.abort();
  });

  const dead = () => Promise.reject(new EncoreError('ENGINE_UNREACHABLE', 'connect ECONNREFUSED', { status: 503 }));
  it('records for how long the engine was dead, and is not ready meanwhile', async () => {
    const { lab, injector, stop } = await startedLab();
    const list = lab.engine.list.bind(lab.engine);
    const lostAt = lab.clock.now();
    lab.engine.list = dead;
    lab.engine.breakOff();
    await lab.clock.advance(8_000);
    assert.equal(injector.ready, false);
    lab.engine.list = list;
    await lab.clock.advance(4_000);
    assert.equal(injector.ready, true);
    assert.deepEqual(lab.givenUp, []);
    const [lost, ...more] = events(injector, 'engine_lost');
    assert.ok(lost && more.length === 0 && !lost.ongoing, JSON.stringify([lost, more]));
    assert.ok(lost.fromAt <= lostAt && lost.toAt >= lostAt + 8_000, JSON.stringify(lost));
    stop.abort();
  });

  it('records no loss when the engine only hung and its events still came, and that users may have seen it', async () => {
    const { lab, injector, stop } = await startedLab();
    const list = lab.engine.list.bind(lab.engine);
    lab.engine.list = dead;
    await lab.clock.advance(8_000);
    assert.equal(injector.ready, false);
    lab.engine.list = list;
    await lab.clock.advance(4_000);
    assert.equal(injector.ready, true);
    assert.deepEqual(events(injector, 'engine_lost'), []);
    const [hang, ...more] = events(injector, 'injector_failed');
    assert.ok(hang && more.length === 0 && /container engine.* hung/.test(hang.reason), JSON.stringify([hang, more]));
    assert.ok(hang.toAt - hang.fromAt >= 8_000 && hang.toAt - hang.fromAt < 12_000, JSON.stringify(hang));
    stop.abort();
  });

  it('does not record one slow response of the engine', async () => {
    const { lab, injector, stop } = await startedLab();
    const list = lab.engine.list.bind(lab.engine);
    lab.engine.list = dead;
    lab.engine.breakOff();
    await lab.clock.advance(1_500);
    lab.engine.list = list;
    await lab.clock.advance(5_000);
    assert.deepEqual(events(injector, 'engine_lost'), []);
    stop.abort();
  });

  it('gives up when the engine has not responded for 15 s; its successor records how long it was gone', async () => {
    const { lab, injector, stop } = await startedLab();
    const list = lab.engine.list.bind(lab.engine);
    lab.engine.list = dead;
    await lab.clock.advance(14_000);
    assert.deepEqual(lab.givenUp, []);
    await lab.clock.advance(2_500);
    assert.equal(lab.givenUp.length, 1);
    stop.abort();
    const [lost] = events(injector, 'engine_lost');
    assert.ok(lost?.ongoing);
    lab.engine.list = list;
    const successor = lab.injector();
    const stopSuccessor = new AbortController();
    void successor.run(stopSuccessor.signal);
    await lab.clock.advance(3_000);
    const told = events(successor, 'engine_lost');
    assert.deepEqual([told.length, told[1]?.fromAt, told[1]?.ongoing], [2, lost.toAt, false]);
    stopSuccessor.abort();
  });

  it('records a loss of the engine that began in a run, also when the lease of the run ended meanwhile', async () => {
    const { lab, injector, stop, renew } = await startedLab();
    const list = lab.engine.list.bind(lab.engine);
    lab.engine.list = dead;
    renew.on = false;
    await lab.clock.advance(16_500);
    assert.deepEqual([lab.givenUp.length, injector.isInRun], [1, false]);
    stop.abort();
    const [lost] = events(injector, 'engine_lost');
    assert.ok(lost?.ongoing, 'the loss is recorded');
    lab.engine.list = list;
    const successor = lab.injector();
    const stopSuccessor = new AbortController();
    void successor.run(stopSuccessor.signal);
    await lab.clock.advance(3_000);
    assert.deepEqual(
      events(successor, 'engine_lost').map(({ ongoing }) => ongoing),
      [true, false],
    );
    stopSuccessor.abort();
  });

  it('restarts a Toxiproxy that does not answer and tells the window', async () => {
    const { lab, injector, stop } = await startedLab();
    let frozen = true;
    lab.proxies.onCall = () => {
      if (frozen) throw new EncoreError('PROXY_UNREACHABLE', 'no answer', { status: 503 });
    };
    lab.engine.onCall = (what, id) => {
      if (what === 'restart' && id === lab.container('toxiproxy').id) frozen = false;
    };
    await lab.clock.advance(10_000);
    const [failure] = events(injector, 'injector_failed');
    assert.ok(failure && failure.toAt - failure.fromAt >= 6_000, JSON.stringify(failure));
    assert.equal(frozen, false);
    stop.abort();
  });

  it('tries an undo that failed again until it holds, and says both', async () => {
    const { lab, injector, stop } = await startedLab();
    const before = lab.state();
    const planned = fault('freeze');
    await lab.clock.until(injector.inject({ ...request, fault: planned }));
    let failures = 2;
    lab.engine.onCall = (what) => {
      if (what === 'unpause' && failures-- > 0) throw new EncoreError('ENGINE_UNREACHABLE', 'socket hang up');
    };
    assert.equal((await lab.clock.until(injector.keeper.release(planned.id))).verified, false);
    await lab.clock.advance(10_000);
    assert.equal(lab.state(), before);
    assert.deepEqual(
      events(injector, 'fault_undone').map(({ verified }) => verified),
      [false, true],
    );
    stop.abort();
  });

  const refused: [string, Partial<ReturnType<typeof fault>>, string, FaultKind][] = [
    ['a kind aimed at the wrong target', { target: 'postgres' }, 'INVALID_INPUT', 'crash'],
    ['a setting that the kind does not read', { params: { bytes: 1 } }, 'INVALID_INPUT', 'latency'],
    [
      'latency that would not drain within a second',
      { params: { latencyMs: 900, jitterMs: 200 } },
      'INVALID_INPUT',
      'jitter',
    ],
  ];
  for (const [what, change, code, kind] of refused) {
    it(`refuses ${what}`, async () => {
      const { injector, stop } = await startedLab();
      assert.equal((await rejection(injector.inject({ ...request, fault: fault(kind, change) }), code)).definite, true);
      stop.abort();
    });
  }

  it('refuses a fault twice and one kind twice on a target, and leaves alone who does not consent', async () => {
    const { lab, injector, stop } = await startedLab();
    const planned = fault('latency');
    await lab.clock.until(injector.inject({ ...request, fault: planned }));
    await rejection(injector.inject({ ...request, fault: planned }), 'FAULT_KNOWN');
    await rejection(injector.inject({ ...request, fault: fault('latency') }), 'FAULT_OVERLAPS');
    Object.assign(lab.server, { labels: { ...lab.server.labels, 'encore.accepts': 'crash' } });
    const answer = await lab.clock.until(injector.inject({ ...request, fault: fault('freeze') }));
    assert.deepEqual([answer.bit, answer.over, lab.server.status], ['unsupported', true, 'running']);
    assert.match(answer.evidence, /^server: its label encore\.accepts does not list freeze$/);
    stop.abort();
  });

  it('gives the reason that the lab itself gives for a kind that it cannot do, before a run and in it', async () => {
    const { lab, injector, stop } = await startedLab();
    const labels = { 'encore.accepts': 'crash', 'encore.cannot.memory-cap': 'no limits here' };
    Object.assign(lab.server, { labels: { ...lab.server.labels, ...labels } });
    const answer = await lab.clock.until(injector.inject({ ...request, fault: fault('memory-cap') }));
    assert.deepEqual([answer.bit, answer.evidence], ['unsupported', 'server: no limits here']);
    const unsupported = unsupportedKinds([lab.server]);
    assert.equal(unsupported['memory-cap'], 'no limits here');
    assert.equal(unsupported['freeze'], 'its label encore.accepts does not list freeze');
    assert.equal(unsupported['crash'], undefined);
    stop.abort();
  });

  it('has the refused cap and the refused engine as answers, not as faults that bit', async () => {
    const { lab, injector, stop } = await startedLab();
    const before = lab.state();
    lab.engine.onCall = (what) => {
      if (what === 'update') throw new EncoreError('ENGINE_REFUSED', 'unable to set memory limit', { status: 500 });
    };
    const refused = await lab.clock.until(injector.inject({ ...request, fault: fault('memory-cap') }));
    assert.deepEqual([refused.bit, refused.over], ['refused', true]);
    lab.engine.onCall = (what) => {
      if (what === 'pause') throw new EncoreError('ENGINE_UNSUPPORTED', 'no pause here', { status: 501 });
    };
    const unsupported = await lab.clock.until(injector.inject({ ...request, fault: fault('freeze') }));
    assert.deepEqual([unsupported.bit, unsupported.over], ['unsupported', true]);
    assert.equal(injector.keeper.open.length, 0);
    assert.equal(lab.state(), before);
    stop.abort();
  });
});
