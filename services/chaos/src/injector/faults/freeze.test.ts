/** A kind alone, with fakes of the three roles that it uses. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { FakeEngine } from '../../testing/fake-engine.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import type { ActiveFault, SavedContainer } from '../fault-functions.ts';
import { freeze } from './freeze.ts';

const never = new AbortController().signal;
const fault = { id: 'f0001', kind: 'freeze' as const, target: 'api', atSeconds: 0, durationSeconds: 9, params: {} };

function setUp() {
  const clock = new VirtualClock();
  const engine = new FakeEngine(clock);
  const { id } = engine.add('api', {});
  const tools = { engine, clock, targets: { find: () => engine.inspect(id) } };
  const active: ActiveFault<Record<string, never>, SavedContainer> = {
    fault,
    saved: { containerId: id },
    mark: 0,
  };
  return { clock, engine, id, tools, active };
}

describe('freeze', () => {
  it('saves the id of its target, and refuses one that does not run', async () => {
    const { tools, engine, id } = setUp();
    assert.deepEqual(await freeze.prepare(tools, fault, never), { containerId: id });
    await engine.pause(id);
    await assert.rejects(freeze.prepare(tools, fault, never), { code: 'TARGET_NOT_RUNNING', message: /api is paused/ });
  });

  it('names a missing restart policy, which explains why its target does not run', async () => {
    const { tools, engine, id } = setUp();
    await engine.pause(id);
    const find = async () => {
      const view = await engine.inspect(id);
      return { ...view, restartSetup: { ...view.restartSetup, policy: 'no' } };
    };
    await assert.rejects(freeze.prepare({ ...tools, targets: { find } }, fault, never), {
      message: 'api is paused and has no restart policy; freeze needs it running',
    });
  });

  it('confirms a pause by the CPU time that the target does not use', async () => {
    const { clock, tools, active } = setUp();
    await freeze.inject(tools, active, never);
    assert.deepEqual(await clock.until(freeze.checkEffect(tools, active, never)), {
      effect: 'confirmed',
      evidence: 'the engine reports the target as paused; the target used 0.0 ms of CPU in 0.3 s',
    });
  });

  it('does not confirm a pause that uses CPU time', async () => {
    const { clock, engine, tools, active } = setUp();
    await freeze.inject(tools, active, never);
    const stats = engine.stats.bind(engine);
    engine.stats = async (id) => ({ ...(await stats(id)), cpuSeconds: clock.now() / 1_000 });
    const { effect } = await clock.until(freeze.checkEffect(tools, active, never));
    assert.equal(effect, 'absent');
  });

  it('reverts twice as well as once', async () => {
    const { tools, active, engine, id } = setUp();
    await freeze.inject(tools, active, never);
    assert.equal((await freeze.verifyReverted(tools, active, never)).verified, false);
    for (let time = 0; time < 2; time += 1) {
      await freeze.revert(tools, active, never);
      assert.equal((await freeze.verifyReverted(tools, active, never)).verified, true);
    }
    assert.equal((await engine.inspect(id)).status, 'running');
  });
});
