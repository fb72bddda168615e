/**
 * A SIGKILL at every step of a fault's lifecycle: the chaos service dies at each thing that it
 * changes from the schedule to the revert (die-at-step.ts defines a step). Afterwards the targets
 * must be in their initial state.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import {
  type FaultKind,
  type FaultParams,
  isInstant,
  type PlannedFault,
  scheduleStatusSchema,
  type Target,
} from '@encore/contracts';
import { waitUntil } from '@encore/kit';
import { after, before, describe, it } from 'mocha';
import { root } from '../../support/command.ts';
import { askDatabase, get, identityOf } from './outside-view.ts';
import { Running } from './running-chaos.ts';
import type { ToyLab } from './toy-programs.ts';

const runId = 'mortal-run';
const recoveredWithinMs = 10_000;
/** Fewer would mean that the steps were not counted where the work is done. */
const minimumSteps = 4;
const dyingAt = (step: number, after: string): { options: string[]; environment: Record<string, string> } => ({
  options: ['--import', join(root, 'test/integration/chaos/die-at-step.ts')],
  environment: { ENCORE_TEST_DIE_AT: String(step), ENCORE_TEST_DIE_AFTER: after },
});

export function everyStepSuite(
  name: string,
  start: () => Promise<ToyLab>,
  kinds: readonly [FaultKind, Target, FaultParams?][],
): void {
  describe(`killed at every step on ${name}`, () => {
    let lab: ToyLab;
    let chaos: Running;
    let original: string;
    let bystander: string;
    let count = 0;

    before(async () => {
      lab = await start();
      chaos = await Running.start(lab.environment);
      await healthy();
      original = await stateOf(lab);
      bystander = await identityOf(lab);
    });
    after(async () => {
      await chaos?.[Symbol.asyncDispose]();
      await lab?.[Symbol.asyncDispose]();
    });
    /** Resolves when both proxies and both targets respond. */
    const healthy = () =>
      waitUntil(
        'the lab',
        async () => {
          const views = [await get(lab.serverProxy), await askDatabase(lab.postgresProxy)];
          return views.every(({ error }) => error === null);
        },
        { timeoutMs: recoveredWithinMs },
      );
    const asItWas = async (from: number, what: string) => {
      await waitUntil(`${what}: the original`, async () => (await stateOf(lab)) === original, {
        timeoutMs: recoveredWithinMs,
      }).catch(async () => assert.equal(await stateOf(lab), original, what));
      await healthy();
      assert.ok(performance.now() - from < recoveredWithinMs, what);
      assert.equal(await identityOf(lab), bystander);
    };
    const claim = async () => {
      await chaos.call('DELETE', `/run/${runId}`).catch(() => undefined);
      await chaos.call('POST', '/run', { runId, ttlMs: 60_000 });
    };

    for (const [kind, target, params = {}] of kinds) {
      it(`at each step of ${kind} on ${target}`, async () => {
        const bearing = (step: number) => {
          const { options, environment } = dyingAt(step, 'POST /schedule');
          return Running.start({ ...lab.environment, ...environment }, options);
        };
        await chaos.kill();
        chaos = await bearing(1);
        let deaths = 0;
        for (let died = true; died; ) {
          // The policy's back-off grows with each restart; an operator's restart resets it.
          if (kind === 'crash') await lab.container('server').restart();
          await claim();
          count += 1;
          await liveThrough(chaos, { ...oneFault(kind, target, params), id: `f${String(count).padStart(4, '0')}` });
          died = chaos.ended;
          if (died) deaths += 1;
          await chaos.kill();
          chaos = died ? await bearing(deaths + 1) : await Running.start(lab.environment);
          const from = performance.now();
          // The supervisor starts a target that an outage left down; at the end of the run, the
          // injector does.
          if (kind === 'outage') await chaos.call('DELETE', `/run/${runId}`);
          await asItWas(from, `${kind}, ${died ? `killed at step ${deaths}` : 'not killed'}`);
        }
        assert.ok(deaths >= minimumSteps, `it had ${deaths} steps`);
      }).timeout(600_000);
    }
  });
}

const oneFault = (kind: FaultKind, target: Target, params: FaultParams): Omit<PlannedFault, 'id'> => ({
  kind,
  target,
  atSeconds: 0,
  durationSeconds: isInstant({ kind, params }) ? 0 : 1,
  params,
});

/**
 * Has the fault injected and reverted by a schedule; resolves when the schedule or the service
 * ends.
 */
async function liveThrough(chaos: Running, fault: PlannedFault): Promise<void> {
  // This call fails if the service is killed before it responds.
  await chaos.schedule(runId, fault).catch(() => undefined);
  const over = async () => scheduleStatusSchema.parse(await chaos.call('GET', '/schedule')).state === 'done';
  await waitUntil('the end of the fault or of the service', () => chaos.ended || over().catch(() => chaos.ended), {
    timeoutMs: 60_000,
  });
}

/** Everything that a fault could have changed, as the engine and Toxiproxy report it. */
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
  // Toxiproxy rejects a browser's user agent.
  const proxies = await fetch(`${lab.toxiproxyUrl}/proxies`, { headers: { 'user-agent': 'encore' } });
  return JSON.stringify({ containers, proxies: await proxies.json() }, null, 1);
}
