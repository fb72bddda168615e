import assert from 'node:assert/strict';
import type { FaultKind, System, SystemProxy } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { describe, it } from 'mocha';
import { FakeLab, fault } from '../testing/fake-lab.ts';
import { rejection, run, startedLab } from '../testing/started-lab.ts';

const request = { runId: run.runId };

describe('a fault is refused', () => {
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
      ['crash', 'web', 'crash cannot target web; it acts on a container, and these allow it: server'],
    ] as const) {
      const answer = await lab.clock.until(injector.inject({ ...request, fault: fault(kind, { target }) }));
      assert.deepEqual([answer.effect, answer.over, answer.evidence], ['unsupported', true, reason]);
    }
    assert.equal(lab.state(), before);
    stop.abort();
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
