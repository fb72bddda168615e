/**
 * The chaos service on a toy lab: the effect of each fault as seen from outside, that it ends with
 * the revert, and what remains when the service or the orchestrator is killed.
 */
import assert from 'node:assert/strict';
import type { FaultKind, PlannedFault, Target } from '@encore/contracts';
import { systemClock, waitUntil } from '@encore/kit';
import { after, before, describe, it } from 'mocha';
import { type KindEffect, kindEffects } from './kind-effects.ts';
import { assertNothingLeft } from './left-nothing.ts';
import { askDatabase, get, identityOf } from './outside-view.ts';
import { assertRecoveredByPolicy, countStarts } from './recovered-by-policy.ts';
import { Running } from './running-chaos.ts';
import { memoryBytes, type ToyLab } from './toy-programs.ts';

const runId = 'toy-run';
const supervisor = { runId, actor: 'supervisor', reason: 'exited for 2 s' };
let count = 0;
const dockerOnlyKilled = kindEffects
  .filter(({ dockerOnly = false }) => dockerOnly)
  .map(({ kind, target }): [FaultKind, Target] => [kind, target]);

/** A fault with the parameters of its line in `kindEffects`. */
function fault(kind: FaultKind, target: Target, change: Partial<PlannedFault> = {}): PlannedFault {
  count += 1;
  const id = `f${String(count).padStart(4, '0')}`;
  const { params = {} } = kindEffects.find((effect) => effect.kind === kind && effect.target === target) ?? {};
  return { id, kind, target, atSeconds: 0, durationSeconds: 60, params, ...change };
}

export function injectorSuite(
  name: string,
  start: () => Promise<ToyLab>,
  options: { docker: boolean; memory: () => boolean },
): void {
  describe(`injector on ${name}`, () => {
    let lab: ToyLab;
    let chaos: Running;
    let bystander: string;

    before(async () => {
      lab = await start();
      await answers();
      bystander = await identityOf(lab);
      chaos = await Running.start(lab.environment);
      await chaos.call('POST', '/run', { runId, ttlMs: 60_000 });
      renewal = setInterval(() => void chaos.call('PUT', `/run/${runId}`, {}).catch(() => {}), 5_000);
    });
    let renewal: NodeJS.Timeout | undefined;
    after(async () => {
      clearInterval(renewal);
      await chaos?.[Symbol.asyncDispose]();
      await lab?.[Symbol.asyncDispose]();
    });

    /** The whole path works: through both proxies and directly. */
    const answers = (timeoutMs = 15_000) =>
      waitUntil(
        'the lab',
        async () => {
          const views = [await get(lab.server), await askDatabase(lab.database)];
          if (chaos) views.push(await get(lab.serverProxy), await askDatabase(lab.postgresProxy));
          return views.every(({ error }) => error === null);
        },
        { timeoutMs },
      );
    /** The effect ends with the revert; a slow machine may take a while to show it. */
    const gone = (check: (lab: ToyLab, held: boolean) => Promise<void>) =>
      waitUntil('the end of the effect', () => check(lab, false).then(() => true), { timeoutMs: 20_000 });
    const during = async <Answer>(meanwhile: KindEffect['meanwhile'], act: () => Promise<Answer>): Promise<Answer> => {
      let over = false;
      const going = (async () => {
        while (meanwhile && !over) await meanwhile(lab);
      })();
      try {
        return await act();
      } finally {
        over = true;
        await going;
      }
    };
    const self = async () => JSON.parse((await get(lab.server, '/self')).text) as { pid: number; startedAt: number };

    for (const { kind, target, check, meanwhile, dockerOnly = false } of kindEffects) {
      if (dockerOnly && !options.docker) {
        it(`${kind} on ${target}: is reported as unsupported and changes nothing`, async () => {
          await answers();
          const answer = await chaos.inject(runId, fault(kind, target));
          assert.equal(answer.effect, 'unsupported', answer.evidence);
          assert.deepEqual(await chaos.call('GET', '/faults'), []);
        });
        continue;
      }
      it(`${kind} on ${target}: has its effect while active and none after the revert`, async () => {
        await answers();
        const limited = kind === 'memory-cap' || kind === 'cpu-throttle';
        const planned = fault(kind, target);
        const answer = await during(meanwhile, () => chaos.inject(runId, planned));
        if (limited && !options.memory()) {
          assert.equal(answer.effect, 'unsupported');
          return;
        }
        assert.equal(answer.effect, 'confirmed', answer.evidence);
        await check(lab, true);
        const reverted = await chaos.release(planned.id);
        assert.ok(reverted.verified, reverted.evidence);
        await answers();
        await gone(check);
      });
    }

    it('cpu-throttle: has no effect on an idle target, and is reported as absent', async function () {
      if (!options.memory()) this.skip();
      await answers();
      const planned = fault('cpu-throttle', 'server', { params: { cpus: 0.9 } });
      const answer = await chaos.inject(runId, planned);
      assert.equal(answer.effect, 'absent', answer.evidence);
      await chaos.release(planned.id);
    });

    if (options.docker)
      it('disk-full: fills space again that an upload frees', async () => {
        await answers();
        assert.equal((await get(lab.server, '/upload')).text, 'uploading');
        const planned = fault('disk-full', 'server');
        const answer = await chaos.inject(runId, planned);
        assert.equal(answer.effect, 'confirmed', answer.evidence);
        assert.equal((await get(lab.server, '/uploaded')).text, 'uploaded');
        const spool = async () => (await get(lab.server, '/spool')).text;
        await waitUntil('a full disk', async () => (await spool()) === 'ENOSPC', { timeoutMs: 2_000 });
        await chaos.release(planned.id);
        assert.equal(await spool(), 'spooled');
      });

    it('crash: the policy restarts it, RestartCount rises by one, and nothing else started it', async () => {
      await answers();
      const [lived, counted] = [await self(), await countStarts(lab, chaos)];
      const answer = await chaos.inject(runId, fault('crash', 'server', { durationSeconds: 0 }));
      assert.equal(answer.effect, 'confirmed', answer.evidence);
      await answers();
      assert.notEqual((await self()).startedAt, lived.startedAt);
      await assertRecoveredByPolicy(lab, chaos, counted);
    });

    it('outage: stays down until the supervisor starts it', async () => {
      await answers();
      const answer = await chaos.inject(runId, fault('outage', 'server', { durationSeconds: 0 }));
      assert.equal(answer.effect, 'confirmed', answer.evidence);
      assert.notEqual((await get(lab.server, '/', 1_500)).error, null);
      assert.equal((await lab.container('server').inspect()).State.Status, 'exited');
      await chaos.call('POST', '/targets/server/start', supervisor);
      await answers();
      const started = await waitUntil(
        'its start in the history',
        async () => {
          const last = (await chaos.eventsOf('target_started')).at(-1);
          return last?.actor === 'supervisor' && last;
        },
        { timeoutMs: 3_000 },
      );
      assert.equal(started.target, 'server');
    });

    it('restart: answers an admitted request', async () => {
      await answers();
      const lived = await self();
      const open = get(lab.server, '/slow');
      const answer = await chaos.inject(runId, fault('restart', 'server', { durationSeconds: 0 }));
      assert.equal(answer.effect, 'confirmed', answer.evidence);
      assert.equal((await open).text, 'slow');
      await answers();
      assert.notEqual((await self()).startedAt, lived.startedAt);
    });

    const toxiproxy = (method: 'POST' | 'DELETE', path: string, body: string | null = null) =>
      fetch(`${lab.toxiproxyUrl}/proxies/server:8000${path}`, { method, body });
    const endsByHand: [FaultKind, Target, string, (planned: PlannedFault) => Promise<unknown>][] = [
      ['freeze', 'server', 'unpause', () => lab.container('server').unpause()],
      ['freeze', 'server', 'restart', () => lab.container('server').restart()],
      ['hang', 'server', 'unpause', () => lab.container('server').unpause()],
      ['hang', 'server', 'restart', () => lab.container('server').restart()],
      ['outage', 'postgres', 'start', () => lab.container('postgres').start()],
      [
        'memory-cap',
        'server',
        'update',
        () => lab.container('server').update({ Memory: memoryBytes, MemorySwap: memoryBytes }),
      ],
      ['memory-cap', 'server', 'restart', () => lab.container('server').restart()],
      ['latency', 'server:8000', 'removal of the toxic', ({ id }) => toxiproxy('DELETE', `/toxics/encore-${id}`)],
      ['latency', 'server:8000', 'removal of the proxy', () => toxiproxy('DELETE', '')],
      ['connection-refused', 'server:8000', 'opening', () => toxiproxy('POST', '', '{"enabled":true}')],
    ];
    for (const [kind, target, how, endByHand] of endsByHand) {
      it(`${kind}: an external end by ${how} is detected and recorded`, async () => {
        if (kind === 'memory-cap' && !options.memory()) return;
        await answers();
        const planned = fault(kind, target);
        assert.equal((await chaos.inject(runId, planned)).effect, 'confirmed');
        const endedAt = systemClock.now();
        await endByHand(planned);
        const reverted = await waitUntil(
          'the end of the fault in the history',
          async () => (await chaos.eventsOf('fault_reverted')).find(({ faultId }) => faultId === planned.id),
          { timeoutMs: 10_000 },
        );
        assert.deepEqual([reverted.cause, reverted.verified], ['external', true], reverted.evidence);
        assert.ok(Math.abs(reverted.at - endedAt) < 3_000, `${reverted.at - endedAt} ms after it ended`);
        assert.equal((await chaos.release(planned.id)).cause, 'external');
        await answers();
      });
    }

    it('latency: somebody who closes its proxy does not end it, but is recorded', async () => {
      await answers();
      const planned = fault('latency', 'server:8000');
      const changes = async () =>
        (await chaos.eventsOf('proxy_changed')).filter(({ target }) => target === 'server:8000');
      const before = (await changes()).length;
      assert.equal((await chaos.inject(runId, planned)).effect, 'confirmed');
      await toxiproxy('POST', '', '{"enabled":false}');
      const changed = await waitUntil('the change in the history', async () => (await changes())[before], {
        timeoutMs: 20_000,
      });
      assert.equal(changed.change, 'it was closed; Encore opens it again');
      await answers();
      assert.deepEqual(((await chaos.call('GET', '/faults')) as unknown[]).length, 1);
      assert.equal((await chaos.release(planned.id)).cause, 'released');
      await answers();
    });

    const killed: [FaultKind, Target][] = [
      ['freeze', 'server'],
      ['latency', 'server:8000'],
      ['connection-refused', 'postgres:5432'],
      ['outage', 'postgres'],
      ['memory-cap', 'server'],
      ['traffic-spike', 'server'],
      ...(options.docker ? dockerOnlyKilled : []),
    ];
    for (const [kind, target] of killed) {
      it(`${kind}: is reverted at the next start after a SIGKILL of the service`, async () => {
        if (kind === 'memory-cap' && !options.memory()) return;
        await answers();
        const planned = fault(kind, target);
        await chaos.inject(runId, planned);
        const { check } =
          kindEffects.find((effect) => effect.kind === kind && effect.target === target) ?? assert.fail();
        await chaos.kill();
        const held = await check(lab, true).then(() => null, String);
        chaos = await Running.start(lab.environment);
        assert.equal(held, null, 'it stays until it is reverted');
        await answers();
        await gone(check);
        const reverted = (await chaos.eventsOf('fault_reverted')).find(({ faultId }) => faultId === planned.id);
        assert.equal(reverted?.cause, 'reconciled');
        assert.ok(
          (await chaos.eventsOf('fault_injected')).some(({ faultId }) => faultId === planned.id),
          'no event is lost',
        );
        await chaos.call('PUT', `/run/${runId}`, {});
      });
    }

    it("reverts everything when the run's lease expires, even after an outage", async () => {
      clearInterval(renewal);
      await chaos.call('DELETE', `/run/${runId}`);
      await chaos.call('POST', '/run', { runId: 'short', ttlMs: 8_000 });
      await chaos.inject('short', fault('outage', 'server', { durationSeconds: 0 }));
      await chaos.inject('short', fault('latency', 'server:8000'));
      await answers(20_000);
      assert.ok((await get(lab.serverProxy)).totalMs < 200);
      // The server may answer before the chaos service has seen the engine's event of its start.
      const lastActor = async () => (await chaos.eventsOf('target_started')).at(-1)?.actor;
      await waitUntil('a start by reconcile', async () => (await lastActor()) === 'reconcile', {
        timeoutMs: 10_000,
        everyMs: 50,
      });
    });

    it('leaves nothing behind and does not touch the bystander', async () => {
      await assertNothingLeft(chaos, lab, bystander);
    });
  });
}
