import assert from 'node:assert/strict';
import type { FaultKind } from '@encore/contracts';
import { createRegistry, EncoreError } from '@encore/kit';
import { describe, it } from 'mocha';
import { FakeLab, fault } from '../testing/fake-lab.ts';
import { Life } from '../testing/life.ts';
import { startedLab } from '../testing/started-lab.ts';
import { injectorMetrics } from './metrics.ts';

const request = { runId: 'run-1' };

/** A lab whose next injector has its own metrics registry. */
function counting(lab: FakeLab) {
  const registry = createRegistry('injector');
  lab.metrics = injectorMetrics(registry, lab.system);
  return async (name: string, kind: FaultKind): Promise<number> => {
    const { values } = (await registry.getMetricsAsJSON()).find((metric) => metric.name === name) ?? { values: [] };
    return values.reduce((sum, { labels, value }) => (labels['kind'] === kind ? sum + Number(value) : sum), 0);
  };
}

describe('injectorMetrics', () => {
  it('shows a fault as active from its injection to its verified revert', async () => {
    const lab = new FakeLab();
    const count = counting(lab);
    const { injector, stop } = await startedLab(lab);
    const planned = fault('freeze');
    await lab.clock.until(injector.inject({ ...request, fault: planned }));
    assert.equal(await count('chaos_fault_active', 'freeze'), 1);
    await lab.clock.until(injector.release(planned.id));
    assert.equal(await count('chaos_fault_active', 'freeze'), 0);
    assert.equal(await count('chaos_faults_reverted_total', 'freeze'), 1);
    stop.abort();
  });

  it("shows a killed injector's faults as active until its successor has reverted them", async () => {
    const lab = new FakeLab();
    const life = new Life();
    const killed = lab.injector(life);
    void killed.run(new AbortController().signal);
    await lab.clock.advance(1_000);
    await lab.clock.until(killed.lease.claim({ runId: 'run-1', ttlMs: 60_000 }));
    await lab.clock.until(killed.inject({ ...request, fault: fault('freeze') }));
    life.end();

    const count = counting(lab);
    lab.engine.onCall = (what) => {
      if (what === 'unpause') throw new EncoreError('ENGINE_UNREACHABLE', 'socket hang up');
    };
    const successor = lab.injector();
    const stop = new AbortController();
    void successor.run(stop.signal);
    await lab.clock.advance(5_000);
    assert.equal(lab.server.status, 'paused');
    assert.equal(await count('chaos_fault_active', 'freeze'), 1);
    assert.equal(await count('chaos_faults_injected_total', 'freeze'), 0, 'injected by the earlier process');
    lab.engine.onCall = () => {};
    await lab.clock.advance(5_000);
    assert.equal(lab.server.status, 'running');
    assert.equal(await count('chaos_fault_active', 'freeze'), 0);
    stop.abort();
  });
});
