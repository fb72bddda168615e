import assert from 'node:assert/strict';
import { createLogger, type Logger } from '@encore/kit';
import { describe, it } from 'mocha';
import { FakeLab, fault } from '../testing/fake-lab.ts';
import { startedLab } from '../testing/started-lab.ts';

/** A logger that keeps the lines at level info, without their names. */
function keeping(lines: unknown[]): Logger {
  const logger = createLogger('test', 'silent');
  logger.info = ((fields: object, text: string) => void lines.push([text, fields])) as Logger['info'];
  return logger;
}

describe('the log of the chaos service', () => {
  it('has one line each for the injection, effect and revert of a fault', async () => {
    const lab = new FakeLab();
    const lines: unknown[] = [];
    lab.logger = keeping(lines);
    const { injector, stop } = await startedLab(lab);
    const planned = fault('latency', { params: { latencyMs: 200 } });
    await lab.clock.until(injector.inject({ runId: 'run-1', fault: planned }));
    await lab.clock.until(injector.release(planned.id));
    const common = { fault: planned.id, kind: 'latency', target: 'server:8000' };
    assert.deepEqual(lines, [
      [
        'fault injected',
        { ...common, params: { latencyMs: 200, direction: 'downstream' }, durationSeconds: 10, noop: false },
      ],
      [
        'effect of a fault checked',
        { ...common, effect: 'confirmed', evidence: '202 ms through the proxy, 2 ms directly, the fastest of three' },
      ],
      ['fault reverted', { ...common, cause: 'released', verified: true, evidence: 'the proxy is open with 0 toxics' }],
    ]);
    stop.abort();
  });

  it('names the fault that an earlier process left', async () => {
    const lab = new FakeLab();
    const first = lab.injector();
    await lab.clock.until(first.tick(0));
    await lab.clock.until(first.lease.claim({ runId: 'run-1', ttlMs: 60_000 }));
    const planned = fault('freeze');
    await lab.clock.until(first.inject({ runId: 'run-1', fault: planned }));
    const lines: unknown[] = [];
    lab.logger = keeping(lines);
    const second = lab.injector();
    await lab.clock.until(second.tick(0));
    const common = { fault: planned.id, kind: 'freeze', target: 'server' };
    assert.deepEqual(lines, [
      ['fault reverted', { ...common, cause: 'reconciled', verified: true, evidence: 'the target is running' }],
    ]);
  });
});
