/**
 * Lateness of injections: planned against actual time of 210 faults on the Docker engine and the
 * real Toxiproxy. Goals: none is early, the 99th percentile is at most 100 ms late, and at least
 * 95 % of the faults have a confirmed effect. Needs Docker.
 */
import assert from 'node:assert/strict';
import {
  type FaultKind,
  type Plan,
  type PlannedFault,
  scheduleStatusSchema,
  type Target,
} from '../packages/contracts/src/index.ts';
import { systemClock, waitUntil } from '../packages/kit/src/index.ts';
import { startDockerToyLab } from '../test/integration/chaos/docker-toy-lab.ts';
import { planOf, Running } from '../test/integration/chaos/running-chaos.ts';

const count = 210;
/**
 * A freeze takes 0.4 s with its effect check; the next fault on the same target comes 0.75 s later.
 */
const everySeconds = 0.25;
const maxP99Ms = 100;
const minConfirmedShare = 0.95;
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
  return planOf(faults, count * everySeconds);
}

export async function benchInjectionLateness(print: (line: string) => void = console.log): Promise<{ ok: boolean }> {
  await using lab = await startDockerToyLab();
  await using chaos = await Running.start(lab.environment);
  const runId = 'injection-lateness';
  await chaos.call('POST', '/run', { runId, ttlMs: 60_000 });
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
  const checked = await chaos.eventsOf('fault_effect_checked');
  const confirmed = checked.filter(({ effect }) => effect === 'confirmed').length;
  const earliest = lateness[0] ?? Number.NEGATIVE_INFINITY;
  const ms = (value = Number.POSITIVE_INFINITY) => `${value.toFixed(1)} ms`;
  print(
    `late: median ${ms(lateness[count / 2])}, p99 ${ms(p99)} (at most ${maxP99Ms} ms), worst ${ms(lateness.at(-1))}`,
  );
  print(`${confirmed} of ${count} faults have a confirmed effect`);
  return { ok: earliest >= 0 && p99 <= maxP99Ms && confirmed >= count * minConfirmedShare };
}
