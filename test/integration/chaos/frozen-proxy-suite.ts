/**
 * A Toxiproxy that stops responding, as the real one does when its lock is never released: the test
 * pauses its container. Every call of the chaos service ends on its own, the failure is recorded as
 * the injector's with its window, and the proxy is restarted with both proxied paths restored.
 * Faults on it are closed and recorded as such; faults on containers are not affected.
 */
import assert from 'node:assert/strict';
import { type EventOf, type PlannedFault, plannedFaultSchema } from '@encore/contracts';
import { systemClock, waitUntil } from '@encore/kit';
import { after, before, describe, it } from 'mocha';
import { assertNothingLeft } from './left-nothing.ts';
import { askDatabase, get, identityOf } from './outside-view.ts';
import { Running } from './running-chaos.ts';
import type { ToyLab } from './toy-programs.ts';

const runId = 'frozen-run';
/** 6 s without a response, one running call, a forced stop of 10 s, and a slow machine. */
const fixedWithinMs = 30_000;
/** Maximum time for a response of the chaos service, whatever the proxy does. */
const answeredWithinMs = 16_000;

const held = (id: string, change: Partial<PlannedFault>): PlannedFault =>
  plannedFaultSchema.parse({
    ...{ id, kind: 'latency', target: 'server:8000', atSeconds: 0, durationSeconds: 60, params: {} },
    ...change,
  });

export function frozenProxySuite(name: string, start: () => Promise<ToyLab>): void {
  describe(`a frozen proxy on ${name}`, () => {
    let lab: ToyLab;
    let chaos: Running;
    let bystander: string;
    let renewal: NodeJS.Timeout | undefined;

    before(async () => {
      lab = await start();
      chaos = await Running.start(lab.environment);
      await chaos.call('POST', '/run', { runId, ttlMs: 60_000 });
      renewal = setInterval(() => void chaos.call('PUT', `/run/${runId}`, {}).catch(() => {}), 5_000);
      bystander = await identityOf(lab);
      await works();
    });
    after(async () => {
      clearInterval(renewal);
      await chaos?.[Symbol.asyncDispose]();
      await lab?.[Symbol.asyncDispose]();
    });

    const works = () =>
      waitUntil(
        'both proxies',
        async () => {
          const views = [await get(lab.serverProxy, '/', 1_000), await askDatabase(lab.postgresProxy, 1_000)];
          return views.every(({ error, totalMs }) => error === null && totalMs < 250);
        },
        { timeoutMs: fixedWithinMs },
      );
    const startedAt = async () => (await lab.container('toxiproxy').inspect()).State.StartedAt;
    const freeze = async () => {
      const before = await startedAt();
      const at = systemClock.now();
      await lab.container('toxiproxy').pause();
      assert.equal((await get(lab.serverProxy, '/', 500)).error, 'silent', 'the proxy is frozen');
      return { at, before };
    };
    /** How a call of the chaos service ended; asserts that it ended in time. */
    const answerOf = async (call: Promise<unknown>): Promise<string> => {
      const from = performance.now();
      const answer = await call.then(JSON.stringify, String);
      assert.ok(performance.now() - from < answeredWithinMs, `${performance.now() - from} ms for ${answer}`);
      return answer;
    };
    /**
     * Asserts that the failure is recorded as the injector's with its full window, and that the
     * proxy runs again with both paths enabled and without toxics.
     */
    const assertFixed = async ({ at, before }: { at: number; before: string }): Promise<void> => {
      const failures = await waitUntil(
        'the failure in the history',
        async () => {
          const found = (await chaos.eventsOf('injector_failed')).filter(({ toAt }) => toAt >= at);
          return found.some(({ reason }) => reason.includes('restarted and lost')) && found;
        },
        { timeoutMs: fixedWithinMs },
      );
      assertWindow(failures, at);
      await works();
      assert.notEqual(await startedAt(), before, 'it was restarted');
      const { State } = await lab.container('toxiproxy').inspect();
      assert.deepEqual([State.Status, State.Paused], ['running', false]);
      assert.deepEqual(await proxiesOf(lab), { 'server:8000': [true, []], 'postgres:5432': [true, []] });
      assert.ok(systemClock.now() - at < fixedWithinMs, `fixed after ${systemClock.now() - at} ms`);
    };

    it('with active toxics: closes them, restarts the proxy, and accepts the same kinds again', async () => {
      const latency = held('f0001', {});
      const refused = held('f0002', { kind: 'connection-refused', target: 'postgres:5432' });
      await chaos.schedule(runId, latency, refused);
      for (const { id } of [latency, refused]) assert.equal((await chaos.effectOf(id)).effect, 'confirmed');
      const frozen = await freeze();
      await assertFixed(frozen);
      const reverted = await waitUntil(
        'both reverts',
        async () => {
          const verified = (await chaos.eventsOf('fault_reverted')).filter((event) => event.verified);
          return verified.length === 2 && verified;
        },
        { timeoutMs: 5_000 },
      );
      for (const { faultId, cause, evidence } of reverted) {
        assert.equal(cause, 'reconciled', faultId);
        assert.match(evidence, /Toxiproxy restarted and lost the proxy/, faultId);
      }
      assert.deepEqual(await chaos.call('GET', '/faults'), []);
      await chaos.call('DELETE', '/schedule');
      const again = held('f0003', {});
      assert.equal((await chaos.inject(runId, again)).effect, 'confirmed');
      assert.ok(((await get(lab.serverProxy)).firstByteMs ?? 0) > 290);
      assert.ok((await chaos.release('f0003')).verified);
      await works();
    });

    it('during a revert: the revert times out, is reported as failed, and succeeds once the proxy is back', async () => {
      await chaos.inject(runId, held('f0011', {}));
      const frozen = await freeze();
      const answer = await answerOf(chaos.release('f0011'));
      assert.match(answer, /"verified":false.*no response within/);
      await assertFixed(frozen);
      const reverts = async () => (await chaos.eventsOf('fault_reverted')).filter(({ faultId }) => faultId === 'f0011');
      await waitUntil('a verified revert', async () => (await reverts()).at(-1)?.verified === true, {
        timeoutMs: 10_000,
      });
      assert.equal((await reverts())[0]?.verified, false);
    });

    it('during an injection: fails in time, does not affect container faults, and succeeds later', async () => {
      const frozen = await freeze();
      await chaos.schedule(runId, held('f0021', {}), held('f0022', { kind: 'freeze', target: 'server' }));
      const [onProxy, onServer] = await Promise.all(['f0021', 'f0022'].map((id) => answerOf(chaos.effectOf(id))));
      assert.match(onProxy ?? '', /skipped.*no response within/);
      assert.match(onServer ?? '', /"effect":"confirmed"/);
      assert.match(await answerOf(chaos.release('f0022')), /"verified":true/);
      await assertFixed(frozen);
      assert.equal((await chaos.inject(runId, held('f0023', {}))).effect, 'confirmed');
      assert.match(await answerOf(chaos.release('f0023')), /"verified":true/);
    });

    it('leaves nothing behind and does not touch the bystander', async () => {
      await works();
      await assertNothingLeft(chaos, lab, bystander);
    });
  });
}

/**
 * The windows are contiguous from the first call without a response until the proxies exist again.
 */
function assertWindow(failures: readonly EventOf<'injector_failed'>[], frozenAt: number): void {
  const [silent, lost] = failures;
  assert.ok(silent && lost && failures.length === 2, JSON.stringify(failures));
  assert.match(silent.reason, /Toxiproxy did not respond: .*no response within [\d.]+ s/);
  assert.match(lost.reason, /restarted and lost server:8000, postgres:5432/);
  // A call in progress at the freeze began slightly earlier; the next one begins a second later, on
  // a busy machine several.
  const lateMs = silent.fromAt - frozenAt;
  assert.ok(lateMs > -1_000 && lateMs < 8_000, `the window begins ${lateMs} ms after the freeze`);
  assert.ok(silent.toAt - silent.fromAt >= 6_000, `the proxy had ${silent.toAt - silent.fromAt} ms to respond`);
  assert.equal(lost.fromAt, silent.toAt);
}

/** Both proxies as the API reports them: enabled, and the names of their toxics. */
async function proxiesOf({ toxiproxyUrl }: ToyLab): Promise<Record<string, [boolean, string[]]>> {
  // Toxiproxy rejects a browser's user agent.
  const answer = await fetch(`${toxiproxyUrl}/proxies`, { headers: { 'user-agent': 'encore' } });
  const proxies = (await answer.json()) as Record<string, { enabled: boolean; toxics: { name: string }[] | null }>;
  return Object.fromEntries(
    Object.entries(proxies).map(([name, { enabled, toxics }]) => [name, [enabled, (toxics ?? []).map((t) => t.name)]]),
  );
}
