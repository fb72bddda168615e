/**
 * A SIGKILL at every step of a fault's life: the chaos service dies at each thing that it changes from the schedule to the revert
 * (what counts as a step: die-at-step.ts). Afterwards the targets must be what they were.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type FaultKind, type PlannedFault, scheduleStatusSchema, type Target } from '@encore/contracts';
import { waitUntil } from '@encore/kit';
import { after, before, describe, it } from 'mocha';
import { faultTable } from '../../../services/chaos/src/injector/faults/fault-table.ts';
import { root } from '../../support/command.ts';
import { askDatabase, get, identityOf } from './outside-view.ts';
import { Running } from './running-chaos.ts';
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
    let chaos: Running;
    let baseline: string;
    let bystander: string;
    let count = 0;

    before(async () => {
      lab = await start();
      chaos = await Running.start(lab.environment);
      await healthy();
      baseline = await stateOf(lab);
      bystander = await identityOf(lab);
    });
    after(async () => {
      await chaos?.[Symbol.asyncDispose]();
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
      await chaos.call('DELETE', `/run/${runId}`).catch(() => undefined);
      await chaos.call('POST', '/run', { runId, holder: 'test', ttlMs: 60_000 });
    };

    for (const [kind, target] of kinds) {
      it(`at each step of ${kind} on ${target}`, async () => {
        const bearing = (step: number) => {
          const { options, environment } = dyingAt(step, 'POST /schedule');
          return Running.start({ ...lab.environment, ...environment }, options);
        };
        await chaos.kill();
        chaos = await bearing(1);
        let deaths = 0;
        for (let died = true; died; ) {
          // The engine waits longer before each restart by its policy; a start by hand begins anew.
          if (kind === 'crash') await lab.container('server').restart();
          await claim();
          count += 1;
          await liveThrough(chaos, { ...oneFault(kind, target), id: `f${String(count).padStart(4, '0')}` });
          died = chaos.ended;
          if (died) deaths += 1;
          await chaos.kill();
          chaos = died ? await bearing(deaths + 1) : await Running.start(lab.environment);
          const from = performance.now();
          // What an outage left down is the supervisor's to start, and at the end of the run the injector's.
          if (kind === 'outage') await chaos.call('DELETE', `/run/${runId}`);
          await asItWas(from, `${kind}, ${died ? `killed at step ${deaths}` : 'not killed'}`);
        }
        assert.ok(deaths >= fewestSteps, `it had ${deaths} steps`);
      }).timeout(180_000);
    }
  });
}

const oneFault = (kind: FaultKind, target: Target): Omit<PlannedFault, 'id'> => ({
  kind,
  target,
  atSeconds: 0,
  durationSeconds: faultTable[kind].instant ? 0 : 1,
  params: {},
});

/** Has the fault injected and reverted by a schedule; ends with the schedule or with the service. */
async function liveThrough(chaos: Running, fault: PlannedFault): Promise<void> {
  // A service that is killed before it responds fails this call.
  await chaos.schedule(runId, fault).catch(() => undefined);
  const over = async () => scheduleStatusSchema.parse(await chaos.call('GET', '/schedule')).state === 'done';
  await waitUntil('the end of the fault or of the service', () => chaos.ended || over().catch(() => chaos.ended), {
    timeoutMs: 60_000,
  });
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
