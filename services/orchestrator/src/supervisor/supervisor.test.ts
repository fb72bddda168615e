import assert from 'node:assert/strict';
import type { TargetState } from '@encore/contracts';
import { systemClock } from '@encore/kit';
import { describe, it } from 'mocha';
import type { ServiceClients } from '../service-clients.ts';
import { supervisorLimits } from './supervise.ts';
import { Supervisor } from './supervisor.ts';

describe('Supervisor', () => {
  it('leaves a target alone that it does not supervise', async () => {
    const started: string[] = [];
    const exited = (target: string) => ({ target, status: 'exited' }) as TargetState;
    const clients = {
      targets: async () => [exited('api'), exited('worker')],
      startTarget: async (target: string) => void started.push(target),
    } as unknown as ServiceClients;
    const supervisor = new Supervisor({
      runId: 'r1',
      clients,
      supervises: (target) => target === 'worker',
      observe: () => null,
      clock: systemClock,
      record: () => {},
      limits: { ...supervisorLimits, exitedMs: 0 },
    });
    await supervisor.step(new AbortController().signal);
    assert.deepEqual(started, ['worker']);
  });
});
