import assert from 'node:assert/strict';
import { createLogger, systemClock } from '@encore/kit';
import { describe, it } from 'mocha';
import { HistoryWriter } from '../../history/history-writer.ts';
import { RunView } from '../../progress/run-view.ts';
import { ServiceClients } from '../../service-clients.ts';
import { profiles } from '../../settings/profiles.ts';
import { supervisorLimits } from '../../supervisor/supervise.ts';
import { planOf } from '../../testing/fake-run.ts';
import { FakeServices } from '../../testing/fake-services.ts';
import type { Interrupt } from '../phase.ts';
import { Background } from './background.ts';
import { stopLimits } from './stop-rules.ts';

describe('the loops of a run', () => {
  it('break the run if one of them fails', async () => {
    await using lab = await FakeServices.start();
    const config = { ...profiles.smoke, profile: 'smoke' as const, seed: 1 };
    const plan = planOf(60, []);
    const view = new RunView('r1', config, plan, 0);
    Object.defineProperty(view, 'host', {
      set: () => {
        throw new Error('out of memory');
      },
    });
    const context = {
      run: { id: 'r1', folder: lab.folder, startedAt: 0, config, plan, system: lab.system },
      wiring: lab.wiring,
      clients: new ServiceClients(lab.wiring),
      clock: systemClock,
      logger: createLogger('test', 'silent'),
      history: new HistoryWriter(() => undefined),
      print: () => undefined,
    };
    const { promise, resolve } = Promise.withResolvers<Interrupt>();
    const limits = { supervisor: supervisorLimits, stop: stopLimits(30) };
    const background = new Background(context, { view, limits, interrupt: resolve });
    background.start();
    assert.deepEqual(await promise, { type: 'broke', reason: 'the host metrics failed: out of memory' });
    await background.stop(0);
  });
});
