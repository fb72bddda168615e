import assert from 'node:assert/strict';
import { type FaultKind, faultKinds, isInstant, type System, type SystemProxy } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { describe, it } from 'mocha';
import { FakeLab, fault } from '../testing/fake-lab.ts';
import { events, run, startedLab } from '../testing/started-lab.ts';
import { label } from './engine.ts';
import { unsupportedKinds } from './lab-view.ts';

const request = { runId: 'run-1' };
const supervisor = { runId: 'run-1', actor: 'supervisor' as const, reason: 'exited for 2 s' };

async function rejection(promise: Promise<unknown>, code: string): Promise<EncoreError> {
  const error = await promise.then(
    () => assert.fail(`it should have failed with ${code}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof EncoreError, String(error));
  assert.equal(error.code, code, error.message);
  return error;
}

/** Makes each further call of this kind to the engine take `ms` longer. */
function slow(lab: FakeLab, what: 'list' | 'pause', ms: number): void {
  const { engine, clock } = lab;
  const call: (argument: string) => Promise<never> = engine[what].bind(engine) as never;
  engine[what] = async (argument: string) => {
    await clock.sleep(ms);
    return call(argument);
  };
}

describe('Injector', () => {
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
    await lab.clock.until(injector.endRun(run.runId));
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

  it('refuses a new run while a fault of the former one cannot be reverted', async () => {
    const { lab, injector, stop } = await startedLab();
    const planned = fault('freeze');
    await lab.clock.until(injector.inject({ ...request, fault: planned }));
    lab.engine.onCall = (what) => {
      if (what === 'unpause') throw new EncoreError('ENGINE_UNREACHABLE', 'socket hang up');
    };
    await lab.clock.until(injector.endRun(run.runId));
    const next = { ...run, runId: 'run-2' };
    const refused = await lab.clock.until(rejection(injector.claim(next), 'FAULT_ACTIVE'));
    assert.match(
      refused.message,
      new RegExp(`^${planned.id} \\(freeze on server\\) of the previous run is still active: `),
    );
    assert.equal(injector.isInRun, false);
    lab.engine.onCall = () => {};
    await lab.clock.until(injector.claim(next));
    assert.equal(lab.server.status, 'running');
    stop.abort();
  });

  it('starts the target of an outage after the run although the engine was away at its end', async () => {
    const { lab, injector, stop } = await startedLab();
    const before = lab.state();
    await lab.clock.until(injector.inject({ ...request, fault: fault('outage') }));
    lab.engine.onCall = () => {
      throw new EncoreError('ENGINE_UNREACHABLE', 'socket hang up');
    };
    await lab.clock.until(injector.endRun(run.runId));
    assert.equal(lab.server.status, 'exited');
    lab.engine.onCall = () => {};
    await lab.clock.advance(4_000);
    assert.equal(lab.state(), before);
    stop.abort();
  });

  it('leases the lab to one run at a time, and reverts everything when the lease expires', async () => {
    const { lab, injector, stop, renew } = await startedLab();
    const before = lab.state();
    const held = await rejection(injector.claim({ ...run, runId: 'run-2', holder: 'another' }), 'RUN_HELD');
    assert.match(held.message, /test for run run-1/);
    assert.equal(held.status, 409);
    await lab.clock.until(injector.inject({ ...request, fault: fault('outage') }));
    assert.equal(lab.server.status, 'exited');
    renew.on = false;
    await lab.clock.advance(11_000);
    assert.equal(lab.state(), before, 'the target of the outage is started');
    assert.equal(events(injector, 'target_started').at(-1)?.actor, 'reconcile');
    assert.throws(() => injector.renewRun('run-1'), { code: 'RUN_OVER' });
    await rejection(injector.inject({ ...request, fault: fault('crash') }), 'RUN_OVER');
    await lab.clock.until(injector.claim({ ...run, runId: 'run-2', holder: 'another' }));
    stop.abort();
  });

  it('attributes each start', async () => {
    const { lab, injector, stop } = await startedLab();
    const actors = async (act: Promise<unknown>) => {
      await lab.clock.until(act);
      await lab.clock.advance(1_000);
      return events(injector, 'target_started').at(-1)?.actor;
    };
    assert.equal(await actors(injector.inject({ ...request, fault: fault('crash') })), 'restart-policy');
    assert.equal(lab.server.restartCount, 1);
    await lab.clock.until(injector.inject({ ...request, fault: fault('outage') }));
    const requestedAt = lab.clock.now();
    assert.equal(await actors(injector.starts.start('server', supervisor)), 'supervisor');
    const [crashed, byRequest] = events(injector, 'target_started');
    assert.deepEqual([crashed?.requestedAt, byRequest?.requestedAt], [undefined, requestedAt]);
    assert.equal(await actors(injector.inject({ ...request, fault: fault('restart') })), 'revert');
    lab.engine.die(lab.server, 0, false);
    assert.equal(await actors(lab.engine.start(lab.server.id)), 'external');
    assert.equal(
      await actors(injector.inject({ ...request, fault: fault('crash') })),
      'restart-policy',
      'after a reset RestartCount',
    );
    stop.abort();
  });

  it('keeps the time of the first request of a start that had to be requested twice', async () => {
    const { lab, injector, stop } = await startedLab();
    const requestedAt = lab.clock.now();
    lab.engine.onCall = (what) => {
      if (what === 'restart') throw new EncoreError('ENGINE_UNREACHABLE', 'timeout');
    };
    await rejection(injector.starts.restart('server', supervisor), 'ENGINE_UNREACHABLE');
    // The engine has stopped the container, but not started it.
    lab.engine.die(lab.server, 137, false);
    lab.engine.onCall = () => {};
    await lab.clock.advance(3_000);
    await lab.clock.until(injector.starts.start('server', supervisor));
    await lab.clock.advance(1_000);
    assert.equal(events(injector, 'target_started').at(-1)?.requestedAt, requestedAt);
    stop.abort();
  });

  it('lists the running containers of each service, without those of docker compose run', async () => {
    const { lab, injector, stop } = await startedLab();
    const labels = { [label.project]: lab.server.labels[label.project] ?? '', [label.service]: 'loadgen' };
    lab.engine.add('loadgen-1', labels);
    lab.engine.add('loadgen-2', labels, { status: 'paused' });
    lab.engine.add('loadgen-3', labels, { status: 'exited' });
    lab.engine.add('loadgen-run', { ...labels, [label.oneoff]: 'True' });
    const { running, restartPolicies } = await lab.clock.until(injector.engineInfo());
    const targets = { server: ['server'], postgres: ['postgres'], toxiproxy: ['toxiproxy'] };
    assert.deepEqual(running, { loadgen: ['loadgen-1', 'loadgen-2'], ...targets });
    assert.deepEqual(restartPolicies['loadgen'], ['always', 'always']);
    stop.abort();
  });

  it('counts the containers of a target by its label, and no other service of a user’s project', async () => {
    const { lab, injector, stop } = await startedLab();
    const labels = { [label.project]: lab.server.labels[label.project] ?? '', [label.run]: 'r1' };
    lab.engine.add('db-target-1', { ...labels, [label.service]: 'db-target', [label.target]: 'db' });
    for (const name of ['cache-1', 'cache-2']) lab.engine.add(name, { ...labels, [label.service]: 'cache' });
    const { running } = await lab.clock.until(injector.engineInfo());
    assert.deepEqual(running['db'], ['db-target-1']);
    assert.equal(running['cache'], undefined);
    stop.abort();
  });

  it('reports what came through a proxy instead of an answer that fits its probe', async () => {
    const { lab, injector, stop } = await startedLab();
    const misfits = async () => (await lab.clock.until(injector.engineInfo())).proxyMisfits;
    assert.deepEqual(await misfits(), {});
    lab.proxies.startOf = () => 'SSH-2.0';
    const { 'server:8000': server, ...others } = await misfits();
    assert.equal(server, 'the answer to the probe http was "SSH-2.0"');
    assert.deepEqual(others, {}, 'S is an answer of PostgreSQL');
    lab.proxies.answers = () => false;
    assert.equal((await misfits())['postgres:5432'], 'no answer to the probe postgres (reset)');
    stop.abort();
  });

  it('lists the targets without a restart policy', async () => {
    const { lab, injector, stop } = await startedLab();
    const labels = { [label.project]: lab.server.labels[label.project] ?? '', [label.service]: 'job' };
    Object.assign(lab.engine.add('job-1', labels).restartSetup, { policy: 'no' });
    assert.deepEqual((await lab.clock.until(injector.engineInfo())).withoutRestartPolicy, []);
    Object.assign(lab.server.restartSetup, { policy: 'no' });
    assert.deepEqual((await lab.clock.until(injector.engineInfo())).withoutRestartPolicy, ['server']);
    stop.abort();
  });

  it('returns the checkout of each container, also of one that Compose creates during a run', async () => {
    const { lab, injector, stop } = await startedLab();
    const labels = (folder: string) => ({ ...lab.server.labels, [label.checkout]: folder });
    Object.assign(lab.server, { labels: labels('/home/a/encore') });
    const { checkouts } = await lab.clock.until(injector.engineInfo());
    assert.deepEqual(checkouts, { '/home/a/encore': ['server'] });
    lab.engine.add('1a2b_server', labels('/home/b/encore'));
    await lab.clock.advance(100);
    const [created] = events(injector, 'engine_event').filter(({ action }) => action === 'create');
    assert.deepEqual([created?.target, created?.checkout], ['server', '/home/b/encore']);
    stop.abort();
  });

  it('records that a target, and no other container, joined or left a network', async () => {
    const { lab, injector, stop } = await startedLab();
    const endpoint = { networkId: 'back-id', aliases: ['server'], fixedAddress: '' };
    for (const { id } of [lab.container('bystander'), lab.server]) {
      await lab.engine.disconnect(id, 'back-id');
      await lab.engine.connect(id, endpoint);
    }
    await lab.clock.advance(100);
    assert.deepEqual(
      events(injector, 'engine_event').map(({ target, action, network }) => [target, action, network]),
      [
        ['server', 'disconnect', 'back'],
        ['server', 'connect', 'back'],
      ],
    );
    stop.abort();
  });

  it('records the restart policy of a target that was updated during a run', async () => {
    const { lab, injector, stop } = await startedLab();
    Object.assign(lab.server.restartSetup, { policy: 'no' });
    await lab.engine.updateCpus(lab.server.id, 1);
    await lab.clock.advance(100);
    const [updated] = events(injector, 'engine_event').filter(({ action }) => action === 'update');
    assert.deepEqual([updated?.target, updated?.restartPolicy], ['server', 'no']);
    stop.abort();
  });

  it('forbids a start only while an active fault forbids it', async () => {
    const { lab, injector, stop } = await startedLab();
    const down = fault('outage', { durationSeconds: 60, params: { until: 'revert' } });
    const answer = await lab.clock.until(injector.inject({ ...request, fault: down }));
    assert.equal(answer.over, false);
    await rejection(injector.starts.start('server', supervisor), 'START_FORBIDDEN');
    await rejection(injector.starts.restart('server', supervisor), 'START_FORBIDDEN');
    const [server] = (await injector.targets()).filter(({ target }) => target === 'server');
    assert.deepEqual([server?.activeKinds, server?.startForbidden], [['outage'], true]);
    await lab.clock.until(injector.release(down.id));
    assert.equal(lab.server.status, 'running');
    await rejection(injector.starts.start('server', supervisor), 'NOT_STOPPED');
    const hang = fault('hang');
    await lab.clock.until(injector.inject({ ...request, fault: hang }));
    await lab.clock.until(injector.starts.restart('server', supervisor));
    await lab.clock.advance(1_000);
    assert.equal(lab.server.status, 'running', 'the supervisor ends a hang');
    assert.equal(events(injector, 'target_started').at(-1)?.actor, 'supervisor');
    stop.abort();
  });

  it('never starts a container that exited on its own', async () => {
    const { lab, injector, stop } = await startedLab();
    lab.engine.die(lab.server, 1, false);
    await lab.clock.advance(30_000);
    await lab.clock.until(injector.revert());
    assert.equal(lab.server.status, 'exited');
    stop.abort();
  });

  it('restores limits and proxies without an active fault, and keeps external toxics', async () => {
    const { lab, injector, stop } = await startedLab();
    const before = lab.state();
    await lab.engine.updateMemory(lab.server.id, 200e6, 200e6);
    await lab.proxies.setEnabled('server:8000', false);
    const toxic = { type: 'latency', stream: 'upstream' as const, toxicity: 1, attributes: { latency: 1 } };
    await lab.proxies.addToxic('postgres:5432', { ...toxic, name: 'encore-f9999' });
    await lab.clock.advance(6_000);
    assert.equal(lab.state(), before);
    await lab.proxies.addToxic('postgres:5432', { ...toxic, name: 'mine' });
    await lab.clock.advance(6_000);
    assert.equal(lab.proxies.states.get('postgres:5432')?.toxics.length, 1);
    await lab.clock.until(injector.hygiene());
    assert.equal(events(injector, 'hygiene_checked')[0]?.leakedToxics, 1);
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

  it('opens a proxy that something closed under a no-op fault of the same kind', async () => {
    const { lab, injector, stop } = await startedLab();
    const before = lab.state();
    const planned = fault('connection-refused', { noop: true });
    await lab.clock.until(injector.inject({ ...request, fault: planned }));
    await lab.proxies.setEnabled(planned.target, false);
    await lab.clock.until(injector.release(planned.id));
    await lab.clock.advance(8_000);
    assert.equal(lab.state(), before);
    assert.deepEqual(injector.registry.open, []);
    stop.abort();
  });

  it('recreates the proxies after a restart of Toxiproxy, closes their faults and records the failure', async () => {
    const { lab, injector, stop } = await startedLab();
    const before = lab.state();
    await lab.clock.until(injector.inject({ ...request, fault: fault('latency') }));
    lab.engine.die(lab.container('toxiproxy'), 1, true);
    await lab.clock.advance(500);
    lab.proxies.states.clear();
    await lab.clock.advance(2_000);
    assert.equal(lab.state(), before);
    assert.equal(events(injector, 'injector_failed').length, 1);
    assert.deepEqual(events(injector, 'proxy_changed'), []);
    assert.equal(injector.registry.open.length, 0);
    stop.abort();
  });

  it('leaves a swap limit alone that the kernel does not have', async () => {
    const { lab, injector, stop } = await startedLab();
    lab.server.memswapBytes = -1;
    await lab.clock.advance(10_000);
    await lab.clock.until(injector.hygiene());
    assert.deepEqual(
      events(injector, 'engine_event').filter(({ action }) => action === 'update'),
      [],
    );
    assert.equal(events(injector, 'hygiene_checked')[0]?.limitsNotRestored, 0);
    stop.abort();
  });

  it('reports a swap limit that is not the original one', async () => {
    const { lab, injector, stop } = await startedLab();
    lab.server.memswapBytes += 1_048_576;
    await lab.clock.until(injector.hygiene());
    assert.equal(events(injector, 'hygiene_checked')[0]?.limitsNotRestored, 1);
    stop.abort();
  });

  it('records what something else changes on a proxy, once, and repairs all but a toxic', async () => {
    const { lab, injector, stop } = await startedLab();
    const before = lab.state();
    const { proxies } = lab;
    const changes = () => events(injector, 'proxy_changed').map(({ target, change }) => `${target}: ${change}`);
    // A fault that closes the proxy itself ends right before.
    const refused = fault('connection-refused');
    await lab.clock.until(injector.inject({ ...request, fault: refused }));
    await lab.clock.until(injector.release(refused.id));
    await proxies.setEnabled('server:8000', false);
    await lab.clock.advance(7_000);
    await proxies.remove('postgres:5432');
    await lab.clock.advance(7_000);
    assert.equal(lab.state(), before);
    assert.deepEqual(events(injector, 'injector_failed'), []);
    const slow = { type: 'latency', stream: 'upstream', toxicity: 1, attributes: { latency: 50 } } as const;
    await proxies.addToxic('server:8000', { name: 'mine', ...slow });
    await lab.clock.advance(7_000);
    assert.deepEqual(changes(), [
      'server:8000: it was closed; Encore opens it again',
      'postgres:5432: it was missing; Encore created it again',
      'server:8000: it has the toxic mine (latency {"latency":50})',
    ]);
    stop.abort();
  });

  it('records no change of a proxy that a fault closes or drains', async () => {
    const { lab, injector, stop } = await startedLab();
    await lab.clock.advance(4_000);
    for (const kind of ['connection-refused', 'latency'] as const) {
      const planned = fault(kind);
      await lab.clock.until(injector.inject({ ...request, fault: planned }));
      await lab.clock.advance(7_000);
      if (kind === 'latency')
        lab.proxies.onCall = (what) => {
          // The proxy stays closed: its drain ends with a failure.
          if (what === 'removeToxic' || what === 'enable') throw new EncoreError('PROXY_UNREACHABLE', 'timeout');
        };
      await lab.clock.until(injector.release(planned.id));
      await lab.clock.advance(4_000);
      lab.proxies.onCall = () => {};
      await lab.clock.advance(7_000);
    }
    assert.deepEqual(injector.registry.open, []);
    assert.equal(lab.proxies.states.get('server:8000')?.enabled, true);
    assert.deepEqual(events(injector, 'proxy_changed'), []);
    stop.abort();
  });

  it('is ready once the engine responds and the proxies exist', async () => {
    const lab = new FakeLab();
    const away = () => {
      throw new EncoreError('PROXY_UNREACHABLE', 'no response');
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
    assert.equal(injector.ready, false, 'Toxiproxy is still unreachable');
    lab.proxies.onCall = () => {};
    await lab.clock.advance(3_000);
    assert.equal(injector.ready, true);
    stop.abort();
  });

  it('restarts an unresponsive Toxiproxy and records the window', async () => {
    const { lab, injector, stop } = await startedLab();
    let frozen = true;
    lab.proxies.onCall = () => {
      if (frozen) throw new EncoreError('PROXY_UNREACHABLE', 'no response');
    };
    lab.engine.onCall = (what, id) => {
      if (what === 'restart' && id === lab.container('toxiproxy').id) frozen = false;
    };
    await lab.clock.advance(10_000);
    const [failure] = events(injector, 'injector_failed');
    assert.ok(failure && failure.toAt - failure.fromAt >= 6_000, JSON.stringify(failure));
    const { fromAt, toAt, restartRequestedAt = 0 } = failure;
    assert.ok(restartRequestedAt >= fromAt + 6_000 && restartRequestedAt <= toAt, JSON.stringify(failure));
    assert.equal(frozen, false);
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

  const refused: [string, Partial<ReturnType<typeof fault>>, string, FaultKind][] = [
    ['an instant fault with a duration', { durationSeconds: 5 }, 'INVALID_INPUT', 'outage'],
    ['a parameter that the kind does not use', { params: { bytes: 1 } }, 'INVALID_INPUT', 'latency'],
    [
      'a latency that would not drain within a second',
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

  it('refuses a fault twice, and one kind twice on a target', async () => {
    const { lab, injector, stop } = await startedLab();
    const planned = fault('latency');
    await lab.clock.until(injector.inject({ ...request, fault: planned }));
    await rejection(injector.inject({ ...request, fault: planned }), 'FAULT_KNOWN');
    await rejection(injector.inject({ ...request, fault: fault('latency') }), 'FAULT_OVERLAPS');
    stop.abort();
  });

  it('injects no kind that the system description does not allow or calls unsupported', async () => {
    const { containers, proxies } = bundledSystem;
    const system: System = {
      ...bundledSystem,
      containers: {
        ...containers,
        server: { allowedKinds: ['crash', 'memory-cap'], unsupported: { 'memory-cap': 'no limits' }, replicas: 1 },
      },
      proxies: {
        ...proxies,
        'server:8000': {
          ...bundledSystem.proxies['server:8000'],
          unsupported: { latency: 'no toxics' },
        } as SystemProxy,
      },
    };
    const { lab, injector, stop } = await startedLab(new FakeLab(system));
    const before = lab.state();
    for (const [kind, target, reason] of [
      ['hang', 'server', 'hang cannot target server; no target of the system allows it'],
      ['memory-cap', 'server', 'no limits'],
      ['latency', 'server:8000', 'no toxics'],
      ['crash', 'web', 'crash cannot target web; its target is server'],
    ] as const) {
      const answer = await lab.clock.until(injector.inject({ ...request, fault: fault(kind, { target }) }));
      assert.deepEqual([answer.effect, answer.over, answer.evidence], ['unsupported', true, reason]);
    }
    assert.equal(lab.state(), before);
    stop.abort();
  });

  it('lists a kind as unsupported if no target allows it or each one that does has a reason', () => {
    const { containers, proxies } = bundledSystem;
    const server = {
      allowedKinds: ['crash' as const, 'memory-cap' as const],
      unsupported: { 'memory-cap': 'no limits' },
      replicas: 1,
    };
    const unsupported = unsupportedKinds({ ...bundledSystem, containers: { ...containers, server }, proxies });
    assert.equal(unsupported['memory-cap'], 'no limits');
    assert.equal(unsupported['hang'], 'no target of the system allows it');
    for (const kind of ['crash', 'latency']) assert.equal(unsupported[kind], undefined, kind);
  });

  it('returns refused and unsupported faults as such', async () => {
    const { lab, injector, stop } = await startedLab();
    const before = lab.state();
    lab.engine.onCall = (what) => {
      if (what === 'update') throw new EncoreError('ENGINE_REFUSED', 'unable to set memory limit', { status: 500 });
    };
    const refused = await lab.clock.until(injector.inject({ ...request, fault: fault('memory-cap') }));
    assert.deepEqual([refused.effect, refused.over], ['refused', true]);
    lab.engine.onCall = (what) => {
      if (what === 'pause') throw new EncoreError('ENGINE_UNSUPPORTED', 'no pause here');
    };
    const unsupported = await lab.clock.until(injector.inject({ ...request, fault: fault('freeze') }));
    assert.deepEqual([unsupported.effect, unsupported.over], ['unsupported', true]);
    assert.equal(injector.registry.open.length, 0);
    assert.equal(lab.state(), before);
    stop.abort();
  });
});
