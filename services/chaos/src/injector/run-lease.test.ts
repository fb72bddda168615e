import assert from 'node:assert/strict';
import { EncoreError } from '@encore/kit';
import { describe, it } from 'mocha';
import { fault } from '../testing/fake-lab.ts';
import { events, rejection, run, startedLab } from '../testing/started-lab.ts';

const request = { runId: run.runId };

describe('the run lease', () => {
  it('refuses a new run while a fault of the previous one cannot be reverted', async () => {
    const { lab, injector, stop } = await startedLab();
    const planned = fault('freeze');
    await lab.clock.until(injector.inject({ ...request, fault: planned }));
    lab.engine.onCall = (what) => {
      if (what === 'unpause') throw new EncoreError('ENGINE_UNREACHABLE', 'socket hang up');
    };
    await lab.clock.until(injector.lease.end(run.runId));
    const next = { ...run, runId: 'run-2' };
    const refused = await lab.clock.until(rejection(injector.lease.claim(next), 'FAULT_ACTIVE'));
    assert.match(
      refused.message,
      new RegExp(`^${planned.id} \\(freeze on server\\) of the previous run is still active: `),
    );
    assert.equal(injector.isInRun, false);
    lab.engine.onCall = () => {};
    await lab.clock.until(injector.lease.claim(next));
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
    await lab.clock.until(injector.lease.end(run.runId));
    assert.equal(lab.server.status, 'exited');
    lab.engine.onCall = () => {};
    await lab.clock.advance(4_000);
    assert.equal(lab.state(), before);
    stop.abort();
  });

  it('leases the lab to one run at a time, and reverts everything when the lease expires', async () => {
    const { lab, injector, stop, renew } = await startedLab();
    const before = lab.state();
    const held = await rejection(injector.lease.claim({ ...run, runId: 'run-2' }), 'RUN_HELD');
    assert.match(held.message, /^run run-1 is using the lab; wait until it ends, or stop it$/);
    assert.equal(held.status, 409);
    await lab.clock.until(injector.inject({ ...request, fault: fault('outage') }));
    assert.equal(lab.server.status, 'exited');
    renew.on = false;
    await lab.clock.advance(11_000);
    assert.equal(lab.state(), before, 'the target of the outage is started');
    assert.equal(events(injector, 'target_started').at(-1)?.actor, 'reconcile');
    assert.throws(() => injector.lease.renew('run-1'), { code: 'RUN_OVER' });
    await rejection(injector.inject({ ...request, fault: fault('crash') }), 'RUN_OVER');
    await lab.clock.until(injector.lease.claim({ ...run, runId: 'run-2' }));
    stop.abort();
  });
});
