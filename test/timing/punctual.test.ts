/**
 * Lateness of injections: planned against actual time of 210 faults on the Docker engine and the
 * real Toxiproxy.
 */
import assert from 'node:assert/strict';
import {
  type FaultKind,
  filesVersion,
  type Plan,
  type PlannedFault,
  scheduleStatusSchema,
  type Target,
} from '@encore/contracts';
import { plannedSystem, systemClock, waitUntil } from '@encore/kit';
import { bundledSystem } from '@encore/kit/testing/bundled-system';
import { planHash } from '@encore/plan';
import { before, describe, it } from 'mocha';
import { startDockerToyLab } from '../integration/chaos/docker-toy-lab.ts';
import { Running } from '../integration/chaos/running-chaos.ts';
import { requireEngine } from '../support/engine.ts';

const count = 210;
/**
 * A freeze takes 0.4 s with its effect check; the next fault on the same target comes 0.75 s later.
 */
const everySeconds = 0.25;
const maxP99Ms = 100;
const kinds: [FaultKind, Target][] = [
  ['reset-peer', 'server:8000'],
  ['connection-refused', 'postgres:5432'],
  ['memory-cap', 'server'],
  ['connection-refused', 'server:8000'],
  ['reset-peer', 'postgres:5432'],
  ['freeze', 'server'],
];

function densePlan(): Plan {
  const faults = Array.from({ length: count }, (_, index): PlannedFault => {
    const [kind, target] = kinds[index % kinds.length] ?? assert.fail();
    const id = `f${String(index + 1).padStart(4, '0')}`;
    return { id, kind, target, atSeconds: index * everySeconds, durationSeconds: 0.1, params: {} };
  });
  const plan = {
    version: filesVersion,
    system: plannedSystem(bundledSystem),
    dropped: [],
    seed: 1,
    rampSeconds: 0,
    steadySeconds: count * everySeconds,
    faults,
    bestSuccessRate: 1,
  };
  return { ...plan, hash: planHash(plan) };
}

describe('injections on the Docker engine', () => {
  before(async function () {
    await requireEngine(this);
  });

  it(`${count} are at most ${maxP99Ms} ms late (p99)`, async () => {
    await using lab = await startDockerToyLab();
    await using chaos = await Running.start(lab.environment);
    const runId = 'punctual';
    await chaos.call('POST', '/run', { runId, holder: 'test', ttlMs: 60_000 });
    const plan = densePlan();
    const steadyStartsAt = systemClock.now() + 2_000;
    await chaos.call('POST', '/schedule', { runId, plan, steadyStartsAt });
    await waitUntil(
      'the end of the plan',
      async () => {
        await chaos.call('PUT', `/run/${runId}`, {});
        return scheduleStatusSchema.parse(await chaos.call('GET', '/schedule')).state === 'done';
      },
      { timeoutMs: count * everySeconds * 1_000 + 30_000, everyMs: 2_000 },
    );
    const injected = new Map((await chaos.eventsOf('fault_injected')).map((event) => [event.faultId, event.at]));
    const lateness = plan.faults
      .map(({ id, atSeconds }) => (injected.get(id) ?? Number.POSITIVE_INFINITY) - steadyStartsAt - atSeconds * 1_000)
      .sort((a, b) => a - b);
    const p99 = lateness[Math.ceil(count * 0.99) - 1] ?? Number.POSITIVE_INFINITY;
    const text = `median ${lateness[count / 2]?.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, worst ${lateness.at(-1)?.toFixed(1)} ms`;
    process.stdout.write(`      ${text}\n`);
    assert.ok((lateness[0] ?? -1) >= 0, 'none is early');
    assert.ok(p99 <= maxP99Ms, text);
    const bits = await chaos.eventsOf('fault_effect_checked');
    assert.ok(bits.filter(({ effect }) => effect === 'confirmed').length >= count * 0.95, 'the faults have an effect');
  }).timeout(180_000);
});
