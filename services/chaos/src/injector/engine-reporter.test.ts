import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { events, startedLab } from '../testing/started-lab.ts';

describe('EngineReporter', () => {
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
});
