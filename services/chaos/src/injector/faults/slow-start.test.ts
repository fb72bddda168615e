import assert from 'node:assert/strict';
import { EncoreError } from '@encore/kit';
import { describe, it } from 'mocha';
import { fault } from '../../testing/fake-lab.ts';
import { events, run, startedLab } from '../../testing/started-lab.ts';

describe('slow-start', () => {
  it('states how long after its start the target was paused', async () => {
    const { lab, injector, stop } = await startedLab();
    const { engine, clock, server } = lab;
    const restart = engine.restart.bind(engine);
    engine.restart = async (id) => {
      await restart(id);
      await clock.sleep(40);
    };
    const restartedAt = clock.now();
    const { injectedAt, evidence } = await clock.until(
      injector.inject({ runId: run.runId, fault: fault('slow-start') }),
    );
    assert.equal(injectedAt, restartedAt);
    assert.equal(server.startedAtMs, restartedAt);
    assert.match(
      evidence,
      /^paused 40 ms after its start: the engine reports the target as paused; the target used 0\.0 ms of CPU/,
    );
    assert.deepEqual(
      events(injector, 'target_started').map(({ actor }) => actor),
      ['revert'],
    );
    stop.abort();
  });

  it('is reverted at once if the target cannot be paused', async () => {
    const { lab, injector, stop } = await startedLab();
    lab.engine.pause = async () => {
      throw new EncoreError('ENGINE_REFUSED', 'the container is not running');
    };
    const answer = await lab.clock.until(injector.inject({ runId: run.runId, fault: fault('slow-start') }));
    assert.deepEqual([answer.effect, answer.over, lab.server.status], ['refused', true, 'running']);
    assert.deepEqual(injector.registry.open, []);
    stop.abort();
  });
});
