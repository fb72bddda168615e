/** A fault acts on one replica only, and each start is attributed to the replica that started. */

import assert from 'node:assert/strict';
import { type EncoreEvent, faultKinds, kindOf, type System } from '@encore/contracts';
import { replicasOf, targetsAllowing } from '@encore/kit';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { describe, it } from 'mocha';
import { FakeLab, fault } from './fake-lab.ts';
import { simulateRun } from './simulate-run.ts';
import { simulatedConfig } from './simulated-config.ts';
import { run, startedLab } from './started-lab.ts';

const server = { allowedKinds: [], unsupported: {}, ...bundledSystem.containers['server'], replicas: 3 };
const system: System = { ...bundledSystem, containers: { ...bundledSystem.containers, server } };
const names = replicasOf(system, 'server');

describe('replicas', () => {
  it('give a run without a violation, in which each is killed and started', async () => {
    const events: EncoreEvent[] = [];
    const config = { ...simulatedConfig, hours: 6 };
    const { problems, kills } = await simulateRun(config, { system, onEvent: (event) => events.push(event) });
    assert.deepEqual(problems, []);
    assert.equal(kills, 12);
    const targets = events.flatMap((event) => (event.type === 'target_started' ? [event.target] : []));
    assert.deepEqual([...new Set(targets)].sort(), names);
    const injected = events.flatMap((event) => (event.type === 'fault_injected' ? [event.target] : []));
    assert.ok(!injected.includes('server'), injected.join());
  });

  it('are acted on one at a time, by every kind', async () => {
    const { lab, injector, stop } = await startedLab(new FakeLab(system));
    const untouched = JSON.stringify([lab.container('server#1'), lab.container('server#3')]);
    for (const kind of faultKinds.filter((one) => targetsAllowing(system, one).includes('server'))) {
      const planned = fault(kind, { target: 'server#2' });
      const answer = await lab.clock.until(injector.inject({ runId: run.runId, fault: planned }));
      // Through the proxy, the other replicas hide a partition, for example.
      const hidden = kindOf(kind).needs?.includes('only-replica') === true;
      assert.equal(answer.effect, hidden ? 'unsupported' : 'confirmed', `${kind}: ${answer.evidence}`);
      await lab.clock.advance(20_000);
      await lab.clock.until(injector.release(planned.id));
      await lab.clock.until(injector.revert());
      await lab.clock.advance(15_000);
    }
    assert.equal(JSON.stringify([lab.container('server#1'), lab.container('server#3')]), untouched);
    const states = await lab.clock.until(injector.targets());
    assert.deepEqual(
      states.map(({ target }) => target),
      [...names, 'postgres'],
    );
    stop.abort();
  });

  it('get their original limits back one by one', async () => {
    const { lab, injector, stop } = await startedLab(new FakeLab(system));
    const held = fault('cpu-throttle', { target: 'server#2', params: { cpus: 0.5 } });
    await lab.clock.until(injector.inject({ runId: run.runId, fault: held }));
    // Left by somebody, or by an injector without its journal.
    await lab.engine.updateCpus(lab.container('server#3').id, 0.5);
    await lab.clock.advance(5_000);
    assert.deepEqual(
      names.map((name) => lab.container(name).cpus),
      [1, 0.5, 1],
    );
    stop.abort();
  });

  it('are not chosen by the name of all of them', async () => {
    const lab = new FakeLab(system);
    const injector = lab.injector();
    await lab.clock.until(injector.lease.claim(run));
    await assert.rejects(lab.clock.until(injector.inject({ runId: run.runId, fault: fault('crash') })), {
      code: 'TARGET_MISSING',
      message: /^project lab has 0 containers for the target server/,
    });
  });
});
