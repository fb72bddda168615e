/**
 * A Toxiproxy that answers nobody any more, as the real one does when its lock is never given back:
 * the test pauses its container. Every call of the chaos ends by itself, the failure is told as the
 * injector's own with its window, and the proxy is started anew with both links as they must be.
 * What was held on them is over and told so; faults on containers do not suffer.
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
/** 6 s of silence, one call that had begun, a forced stop of 10 s, and a busy machine. */
const mendedWithinMs = 30_000;
/**
 * The longest that a caller may have to wait for an answer of the chaos, whatever the proxy does.
 */
const answeredWithinMs = 16_000;

const held = (id: string, change: Partial<PlannedFault>): PlannedFault =>
  plannedFaultSchema.parse({
    ...{ id, kind: 'latency', target: 'client-link', atSeconds: 0, durationSeconds: 60, params: {} },
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
      await chaos.call('POST', '/run', { runId, holder: 'test', ttlMs: 60_000 });
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
        'both links',
        async () => {
          const views = [await get(lab.clientLink, '/', 1_000), await askDatabase(lab.databaseLink, 1_000)];
          return views.every(({ error, totalMs }) => error === null && totalMs < 250);
        },
        { timeoutMs: mendedWithinMs },
      );
    const startedAt = async () => (await lab.container('toxiproxy').inspect()).State.StartedAt;
    const freeze = async () => {
      const before = await startedAt();
      const at = systemClock.now();
      await lab.container('toxiproxy').pause();
      assert.equal((await get(lab.clientLink, '/', 500)).error, 'silent', 'the proxy is frozen');
      return { at, before };
    };
    /** How a call of the chaos service ended, and that it did so in time. */
    const answerOf = async (call: Promise<unknown>): Promise<string> => {
      const from = performance.now();
      const answer = await call.then(JSON.stringify, String);
      assert.ok(performance.now() - from < answeredWithinMs, `${performance.now() - from} ms for ${answer}`);
      return answer;
    };
    /**
     * Told as the injector's own failure, with a window that has all of it; the proxy runs anew,
     * both links are open and clean.
     */
    const mended = async ({ at, before }: { at: number; before: string }): Promise<void> => {
      const failures = await waitUntil(
        'the failure in the history',
        async () => {
          const found = (await chaos.eventsOf('injector_failed')).filter(({ toAt }) => toAt >= at);
          return found.some(({ reason }) => reason.includes('restarted and lost')) && found;
        },
        { timeoutMs: mendedWithinMs },
      );
      assertWindow(failures, at);
      await works();
      assert.notEqual(await startedAt(), before, 'it was started anew');
      const { State } = await lab.container('toxiproxy').inspect();
      assert.deepEqual([State.Status, State.Paused], ['running', false]);
      assert.deepEqual(await proxiesOf(lab), { 'client-link': [true, []], 'database-link': [true, []] });
      assert.ok(systemClock.now() - at < mendedWithinMs, `mended after ${systemClock.now() - at} ms`);
    };

    it('in the midst of held toxics: they are over, the proxy is started anew, and the same kinds can be held again', async () => {
      const latency = held('f0001', {});
      const refused = held('f0002', { kind: 'connection-refused', target: 'database-link' });
      await chaos.schedule(runId, latency, refused);
      for (const { id } of [latency, refused]) assert.equal((await chaos.effectOf(id)).bit, 'yes');
      const frozen = await freeze();
      await mended(frozen);
      const undone = await waitUntil(
        'both undos',
        async () => {
          const verified = (await chaos.eventsOf('fault_undone')).filter((event) => event.verified);
          return verified.length === 2 && verified;
        },
        { timeoutMs: 5_000 },
      );
      for (const { faultId, cause, evidence } of undone) {
        assert.equal(cause, 'healed', faultId);
        assert.match(evidence, /Toxiproxy restarted and lost the proxy/, faultId);
      }
      assert.deepEqual(await chaos.call('GET', '/faults'), []);
      await chaos.call('DELETE', '/schedule');
      const again = held('f0003', {});
      assert.equal((await chaos.inject(runId, again)).bit, 'yes');
      assert.ok(((await get(lab.clientLink)).firstByteMs ?? 0) > 290);
      assert.ok((await chaos.release('f0003')).verified);
      await works();
    });

    it('while a toxic is released: the undo ends by itself, says that it failed, and holds once the proxy is back', async () => {
      await chaos.inject(runId, held('f0011', {}));
      const frozen = await freeze();
      const answer = await answerOf(chaos.release('f0011'));
      assert.match(answer, /"verified":false.*no response within/);
      await mended(frozen);
      const undos = async () => (await chaos.eventsOf('fault_undone')).filter(({ faultId }) => faultId === 'f0011');
      await waitUntil('an undo that holds', async () => (await undos()).at(-1)?.verified === true, {
        timeoutMs: 10_000,
      });
      assert.equal((await undos())[0]?.verified, false);
    });

    it('when a fault is to be injected: the call fails in time, a fault on a container does not, and later it can be injected', async () => {
      const frozen = await freeze();
      await chaos.schedule(runId, held('f0021', {}), held('f0022', { kind: 'freeze', target: 'server' }));
      const [onLink, onServer] = await Promise.all(['f0021', 'f0022'].map((id) => answerOf(chaos.effectOf(id))));
      assert.match(onLink ?? '', /skipped.*no response within/);
      assert.match(onServer ?? '', /"bit":"yes"/);
      assert.match(await answerOf(chaos.release('f0022')), /"verified":true/);
      await mended(frozen);
      assert.equal((await chaos.inject(runId, held('f0023', {}))).bit, 'yes');
      assert.match(await answerOf(chaos.release('f0023')), /"verified":true/);
    });

    it('leaves nothing behind, and the bystander was not touched', async () => {
      await works();
      await assertNothingLeft(chaos, lab, bystander);
    });
  });
}

/**
 * The windows leave no moment out, from the first call that got no answer until the links are there
 * again.
 */
function assertWindow(failures: readonly EventOf<'injector_failed'>[], frozenAt: number): void {
  const [silent, lost] = failures;
  assert.ok(silent && lost && failures.length === 2, JSON.stringify(failures));
  assert.match(silent.reason, /Toxiproxy did not respond: .*no response within \d+ ms/);
  assert.match(lost.reason, /restarted and lost client-link, database-link/);
  // A call that was on its way when it froze began a little before; the next one comes a second
  // after it.
  const lateMs = silent.fromAt - frozenAt;
  assert.ok(lateMs > -1_000 && lateMs < 2_500, `the window begins ${lateMs} ms after the freeze`);
  assert.ok(silent.toAt - silent.fromAt >= 6_000, `the proxy was given ${silent.toAt - silent.fromAt} ms to answer`);
  assert.equal(lost.fromAt, silent.toAt);
}

/** Both links as the proxy itself tells them: enabled, and the names of their toxics. */
async function proxiesOf({ toxiproxyUrl }: ToyLab): Promise<Record<string, [boolean, string[]]>> {
  // Toxiproxy takes a browser's name for an attack.
  const answer = await fetch(`${toxiproxyUrl}/proxies`, { headers: { 'user-agent': 'encore' } });
  const proxies = (await answer.json()) as Record<string, { enabled: boolean; toxics: { name: string }[] | null }>;
  return Object.fromEntries(
    Object.entries(proxies).map(([name, { enabled, toxics }]) => [name, [enabled, (toxics ?? []).map((t) => t.name)]]),
  );
}
