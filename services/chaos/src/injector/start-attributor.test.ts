import assert from 'node:assert/strict';
import { EncoreError } from '@encore/kit';
import { describe, it } from 'mocha';
import { fault } from '../testing/fake-lab.ts';
import { events, rejection, run, startedLab } from '../testing/started-lab.ts';

const request = { runId: run.runId };
const supervisor = { runId: run.runId, actor: 'supervisor' as const, reason: 'exited for 2 s' };

describe('StartAttributor', () => {
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
});
