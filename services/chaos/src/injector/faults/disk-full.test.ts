import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { FakeLab, fault } from '../../testing/fake-lab.ts';

/** A disk on which 1 MB is freed before each of the first `times` probes. */
async function injectWhileFreed(times: number) {
  const lab = new FakeLab();
  const injector = lab.injector();
  await lab.clock.until(injector.tick(0));
  await lab.clock.until(injector.lease.claim({ runId: 'run-1', ttlMs: 600_000 }));
  const exec = lab.engine.exec.bind(lab.engine);
  let freed = 0;
  lab.engine.exec = async (id, command) => {
    const answer = await exec(id, command);
    if (command[2] !== 'status' || freed === times) return answer;
    freed += 1;
    return { ...answer, output: answer.output.replace('"freeBytes":0', '"freeBytes":1000000') };
  };
  return lab.clock.until(injector.inject({ runId: 'run-1', fault: fault('disk-full') }));
}

describe('disk-full', () => {
  it('is confirmed although an upload frees space right before the probe, because the space is filled again', async () => {
    const { effect, evidence } = await injectWhileFreed(3);
    assert.deepEqual([effect, evidence], ['confirmed', '0.0 of 1.0 MB are free']);
  });

  it('is absent when the disk never fills', async () => {
    const { effect, evidence } = await injectWhileFreed(Number.POSITIVE_INFINITY);
    assert.deepEqual([effect, evidence], ['absent', '1.0 of 1.0 MB are free']);
  });
});
