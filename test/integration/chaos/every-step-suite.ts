/**
 * A SIGKILL at every step of a fault's life: the guard dies at each thing that it changes while it injects, holds and undoes
 * (what counts as a step: die-at-step.ts), and so does the scheduler. Afterwards the targets must be what they were.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { FaultKind, PlannedFault, Target } from '@encore/contracts';
import { waitUntil } from '@encore/kit';
import { makePlan } from '@encore/plan';
import { after, before, describe, it } from 'mocha';
import { smokeConfig } from '../../../packages/plan/src/plan.fixture.ts';
import { faultTable } from '../../../services/chaos/src/injector/faults/fault-table.ts';
import { root } from '../../support/command.ts';
import { askDatabase, get, identityOf } from './outside-view.ts';
import { Running } from './running-guard.ts';
import type { ToyLab } from './toy-programs.ts';

const runId = 'mortal-run';
const healedWithinMs = 10_000;
/** Fewer would mean that the deaths were not counted where the work is done. */
const fewestSteps = 4;
const dyingAt = (step: number, after: string): { options: string[]; environment: Record<string, string> } => ({
  options: ['--import', join(root, 'test/integration/chaos/die-at-step.ts')],
  environment: { ENCORE_TEST_DIE_AT: String(step), ENCORE_TEST_DIE_AFTER: after },
});

export function everyStepSuite(
  name: string,
  start: () => Promise<ToyLab>,
  kinds: readonly [FaultKind, Target][],
): void {
  describe(`killed at every step on ${name}`, () => {
    let lab: ToyLab;
    let guard: Running;
    let baseline: string;
    let bystander: string;
    let count = 0;

    before(async () => {
      lab = await start();
      guard = await Running.start('guard', lab.environment);
      await healthy();
      baseline = await stateOf(lab);
      bystander = await identityOf(lab);
    });
    after(async () => {
      await guard?.[Symbol.asyncDispose]();
      await lab?.[Symbol.asyncDispose]();
    });
    /** Both links and both targets answer. */
    const healthy = () =>
      waitUntil(
        'the lab',
        async () => {
          const views = [await get(lab.clientLink), await askDatabase(lab.databaseLink)];
          return views.every(({ error }) => error === null);
        },
        { timeoutMs: healedWithinMs },
      );
    const asItWas = async (from: number, what: string) => {
      await waitUntil(`${what}: the baseline`, async () => (await stateOf(lab)) === baseline, {
        timeoutMs: healedWithinMs,
      }).catch(async () => assert.equal(await stateOf(lab), baseline, what));
      await healthy();
      assert.ok(performance.now() - from < healedWithinMs, what);
      assert.equal(await identityOf(lab), bystander);
    };
    const claim = async () => {
      await guard.call('DELETE', `/run/${runId}`).catch(() => undefined);
      await guard.call('POST', '/run', { runId, holder: 'test', ttlMs: 60_000 });
    };

    for (const [kind, target] of kinds) {
      it(`the guard, at each step of ${kind} on ${target}`, async () => {
        const bearing = (step: number) => {
          const { options, environment } = dyingAt(step, 'POST /faults');
          return Running.start('guard', { ...lab.environment, ...environment }, options);
        };
        await guard.kill();
        guard = await bearing(1);
        let deaths = 0;
        for (let died = true; died; ) {
          // The engine waits longer before each restart by its policy; a start by hand begins anew.
          if (kind === 'crash') await lab.container('server').restart();
          await claim();
          count += 1;
          await liveThrough(guard, { ...oneFault(kind, target), id: `f${String(count).padStart(4, '0')}` });
          died = guard.ended;
          if (died) deaths += 1;
          await guard.kill();
          guard = died ? await bearing(deaths + 1) : await Running.start('guard', lab.environment);
          const from = performance.now();
          // What an outage left down is the supervisor's to start, and at the end of the run the guard's.
          if (kind === 'outage') await guard.call('DELETE', `/run/${runId}`);
          await asItWas(from, `${kind}, ${died ? `killed at step ${deaths}` : 'not killed'}`);
        }
        assert.ok(deaths >= fewestSteps, `it had ${deaths} steps`);
      }).timeout(180_000);
    }

    it('the scheduler, at each step of its calls to the guard', async () => {
      const fault = oneFault('latency', 'client-link');
      let deaths = 0;
      for (let died = true; died; ) {
        await claim();
        const { options, environment } = dyingAt(deaths + 1, 'POST /run');
        const chaos = await Running.start('chaos', { ENCORE_GUARD_URL: guard.url, ...environment }, options);
        await using _chaos = chaos;
        const steadyStartsAt = performance.timeOrigin + performance.now();
        await chaos.call('POST', '/run', { runId, plan: planOf(fault), steadyStartsAt }).catch(() => undefined);
        const over = async () =>
          chaos.ended || ((await chaos.call('GET', '/status')) as { state: string }).state === 'done';
        await waitUntil('the end of the fault or of the scheduler', () => over().catch(() => chaos.ended), {
          timeoutMs: 15_000,
        });
        died = chaos.ended;
        if (died) deaths += 1;
        await asItWas(performance.now(), died ? `killed at step ${deaths}` : 'not killed');
        assert.deepEqual(await guard.call('GET', '/faults'), []);
      }
      assert.ok(deaths >= 3, `injection, renewal and release are ${deaths} steps`);
    }).timeout(180_000);
  });
}

const oneFault = (kind: FaultKind, target: Target): Omit<PlannedFault, 'id'> => ({
  kind,
  target,
  atSeconds: 0,
  durationSeconds: faultTable[kind].instant ? 0 : 2,
  params: {},
});

const planOf = ({ kind, target, durationSeconds }: Omit<PlannedFault, 'id'>) => {
  const seconds = { min: durationSeconds, max: durationSeconds };
  const faults = [{ kind, weight: 1, params: {}, durationSeconds: seconds }];
  const schedule = [
    { name: 'one', target, when: { atSeconds: [0.5] }, pick: 'in-turn' as const, overlap: false, faults },
  ];
  return makePlan({ ...smokeConfig, schedule });
};

/** Injects, and releases what is held. A guard that dies on the way answers no more. */
async function liveThrough(guard: Running, fault: PlannedFault): Promise<void> {
  try {
    const { over } = await guard.inject(runId, fault, 60_000);
    if (!over) await guard.call('DELETE', `/faults/${fault.id}`);
  } catch (error) {
    await waitUntil('its end', () => guard.ended, { timeoutMs: 2_000 }).catch(() => {
      throw error;
    });
  }
}

/** What a fault could have changed, as the engine and Toxiproxy tell it. */
async function stateOf(lab: ToyLab): Promise<string> {
  const containers = await Promise.all(
    (['server', 'postgres', 'toxiproxy'] as const).map(async (name) => {
      const { State, HostConfig, NetworkSettings } = await lab.container(name).inspect();
      const { Memory, MemorySwap, NanoCpus, RestartPolicy } = HostConfig;
      const networks = Object.entries(NetworkSettings.Networks).map(([network, { Aliases, IPAMConfig }]) => ({
        network,
        aliases: Aliases,
        address: IPAMConfig,
      }));
      return { name, status: State.Status, Memory, MemorySwap, NanoCpus, RestartPolicy, networks };
    }),
  );
  // Toxiproxy takes a browser's name for an attack.
  const proxies = await fetch(`${lab.toxiproxyUrl}/proxies`, { headers: { 'user-agent': 'encore' } });
  return JSON.stringify({ containers, proxies: await proxies.json() }, null, 1);
}
