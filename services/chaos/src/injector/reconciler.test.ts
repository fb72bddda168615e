import assert from 'node:assert/strict';
import { EncoreError } from '@encore/kit';
import { describe, it } from 'mocha';
import { FakeLab, fault } from '../testing/fake-lab.ts';
import { events, run, startedLab } from '../testing/started-lab.ts';

const request = { runId: run.runId };

describe('Reconciler', () => {
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
});
