import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { fault } from '../testing/fake-lab.ts';
import { events, rejection, run, startedLab } from '../testing/started-lab.ts';

const request = { runId: run.runId };
const supervisor = { runId: run.runId, actor: 'supervisor' as const, reason: 'exited for 2 s' };

describe('TargetStarts', () => {
  it('forbids a start only while an active fault forbids it', async () => {
    const { lab, injector, stop } = await startedLab();
    const down = fault('outage', { durationSeconds: 60, params: { until: 'revert' } });
    const answer = await lab.clock.until(injector.inject({ ...request, fault: down }));
    assert.equal(answer.over, false);
    await rejection(injector.starts.start('server', supervisor), 'START_FORBIDDEN');
    await rejection(injector.starts.restart('server', supervisor), 'START_FORBIDDEN');
    await lab.clock.until(injector.release(down.id));
    assert.equal(lab.server.status, 'running');
    await rejection(injector.starts.start('server', supervisor), 'NOT_STOPPED');
    const hang = fault('hang');
    await lab.clock.until(injector.inject({ ...request, fault: hang }));
    await lab.clock.until(injector.starts.restart('server', supervisor));
    await lab.clock.advance(1_000);
    assert.equal(lab.server.status, 'running', 'the supervisor ends a hang');
    assert.equal(events(injector, 'target_started').at(-1)?.actor, 'supervisor');
    stop.abort();
  });
});
