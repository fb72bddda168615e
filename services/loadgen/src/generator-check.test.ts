import assert from 'node:assert/strict';
import { createRegistry, systemClock } from '@encore/kit';
import { describe, it } from 'mocha';
import { GeneratorCheck } from './generator-check.ts';
import { createMetrics } from './metrics.ts';

const setup = () => {
  const registry = createRegistry('loadgen');
  return { registry, check: new GeneratorCheck(systemClock, createMetrics(registry)) };
};

/** Takes that much CPU time in one turn of the loop, however long a busy machine needs for it. */
function block(cpuMs: number): void {
  const before = process.cpuUsage();
  for (let usedMs = 0; usedMs < cpuMs; ) {
    const { user, system } = process.cpuUsage(before);
    usedMs = (user + system) / 1_000;
  }
}

describe('generator check', () => {
  it('counts the starts that were late, and begins anew after each look', async () => {
    const { registry, check: generator } = setup();
    using check = generator;
    for (const waitedMs of [0, 99, 100, 101, 5_000]) check.started(waitedMs);
    const { starts, lateStarts } = check.check();
    assert.deepEqual([starts, lateStarts], [5, 2]);
    check.started(3);
    const next = check.check();
    assert.deepEqual([next.starts, next.lateStarts], [1, 0]);
    const metrics = await registry.metrics();
    assert.match(metrics, /loadgen_late_starts_total\S* 2\n/);
  });

  it('sees an event loop that was held up, and the CPU that held it up', async () => {
    const { check: generator } = setup();
    using check = generator;
    check.check();
    const from = { at: performance.now(), cpu: process.cpuUsage() };
    // After a look the monitor needs a turn of the loop to count from.
    await systemClock.sleep(50);
    block(300);
    // The monitor looks when the loop goes on.
    await systemClock.sleep(20);
    const busy = check.check();
    const { user, system } = process.cpuUsage(from.cpu);
    const truth = (user + system) / 1_000 / (performance.now() - from.at);
    assert.ok(busy.eventLoopDelayP99Ms > 200, `${busy.eventLoopDelayP99Ms} ms`);
    assert.ok(Math.abs(busy.cpuShare - truth) < 0.05, `${busy.cpuShare} of a core, in truth ${truth}`);
    await systemClock.sleep(500);
    const calm = check.check();
    assert.ok(calm.eventLoopDelayP99Ms < busy.eventLoopDelayP99Ms / 2, `${calm.eventLoopDelayP99Ms} ms`);
    assert.ok(calm.cpuShare < busy.cpuShare / 2, `${calm.cpuShare} of a core`);
  });
});
