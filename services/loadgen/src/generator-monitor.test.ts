import assert from 'node:assert/strict';
import { createRegistry, systemClock } from '@encore/kit';
import { describe, it } from 'mocha';
import { GeneratorMonitor } from './generator-monitor.ts';
import { createMetrics } from './metrics.ts';

const setup = () => {
  const registry = createRegistry('loadgen');
  return { registry, monitor: new GeneratorMonitor(systemClock, createMetrics(registry, [])) };
};

/** Uses this much CPU time in one turn of the loop, however long that takes. */
function block(cpuMs: number): void {
  const before = process.cpuUsage();
  for (let usedMs = 0; usedMs < cpuMs; ) {
    const { user, system } = process.cpuUsage(before);
    usedMs = (user + system) / 1_000;
  }
}

describe('GeneratorMonitor', () => {
  it('counts late starts and resets after each measurement', async () => {
    const { registry, monitor: created } = setup();
    using monitor = created;
    for (const waitedMs of [0, 99, 100, 101, 5_000]) monitor.started(waitedMs);
    const { starts, lateStarts } = monitor.measure();
    assert.deepEqual([starts, lateStarts], [5, 2]);
    monitor.started(3);
    const next = monitor.measure();
    assert.deepEqual([next.starts, next.lateStarts], [1, 0]);
    const metrics = await registry.metrics();
    assert.match(metrics, /loadgen_late_starts_total\S* 2\n/);
  });

  it('passes on the largest delay of the workload since the last measurement', () => {
    const { monitor: created } = setup();
    using monitor = created;
    assert.equal(monitor.measure().workloadDelayP99Ms, undefined);
    for (const delay of [3, 40, 5]) monitor.workloadDelayed(delay);
    assert.equal(monitor.measure().workloadDelayP99Ms, 40);
    assert.equal(monitor.measure().workloadDelayP99Ms, undefined);
  });

  async function turnsOfTheLoop(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await systemClock.sleep(20);
  }

  it('measures event-loop delay and CPU share', async () => {
    const { monitor: created } = setup();
    using monitor = created;
    monitor.measure();
    const from = { at: performance.now(), cpu: process.cpuUsage() };
    // After a reset, the monitor needs a turn of the loop before it measures.
    await turnsOfTheLoop();
    block(300);
    // The monitor records the delay when the loop continues.
    await turnsOfTheLoop();
    const busy = monitor.measure();
    const { user, system } = process.cpuUsage(from.cpu);
    const truth = (user + system) / 1_000 / (performance.now() - from.at);
    assert.ok(busy.eventLoopDelayP99Ms > 200, `${busy.eventLoopDelayP99Ms} ms`);
    assert.ok(Math.abs(busy.cpuShare - truth) < 0.05, `${busy.cpuShare} of a core, expected ${truth}`);
    await systemClock.sleep(500);
    const calm = monitor.measure();
    assert.ok(calm.eventLoopDelayP99Ms < busy.eventLoopDelayP99Ms / 2, `${calm.eventLoopDelayP99Ms} ms`);
    assert.ok(calm.cpuShare < busy.cpuShare / 2, `${calm.cpuShare} of a core`);
  });
});
