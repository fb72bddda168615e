/**
 * What Encore relies on in an engine, through dockerode: one suite for the Docker engine and the
 * process engine. Each case states what restarts a container after which operation; every effect is
 * observed, never assumed from a 2xx.
 */
import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { waitUntil } from '@encore/kit';
import type Docker from 'dockerode';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';

export interface SubjectSpec {
  /** Run by /bin/sh. Prints `up` at each start. */
  readonly script: string;
  readonly restart: 'always' | 'on-failure' | 'no';
  readonly memoryBytes?: number;
}

export interface EngineUnderTest extends AsyncDisposable {
  readonly docker: Docker;
  /**
   * Creates the subject with an init, stop signal SIGTERM and the label `encore.contract`; does not
   * start it.
   */
  create(spec: SubjectSpec): Promise<Docker.Container>;
  /** Everything that the subject has printed. */
  output(container: Docker.Container): Promise<string>;
  remove(container: Docker.Container): Promise<void>;
}

const mebibyte = 1_048_576;
const deadline = { timeoutMs: 15_000, everyMs: 25 };
const polite = 'trap "exit 0" TERM; echo up; while :; do sleep 0.05; done';
const deaf = 'trap "" TERM; echo up; while :; do sleep 0.05; done';
const hearsHup = 'trap : HUP; trap "exit 0" TERM; echo up; while :; do sleep 0.05; done';

interface Seen {
  id: string;
  action: string;
  exitCode: string | undefined;
  signal: string | undefined;
  atMs: number;
}

export function engineContract(name: string, make: () => Promise<EngineUnderTest>): void {
  describe(`engine contract: ${name}`, () => {
    let engine: EngineUnderTest;
    let subject: Docker.Container;
    let events: Seen[];
    let watching: NodeJS.ReadableStream & { destroy?: () => void };

    before(async () => {
      engine = await make();
    });
    after(async () => await engine?.[Symbol.asyncDispose]());
    beforeEach(async () => {
      events = [];
      watching = await engine.docker.getEvents({ filters: { type: ['container'], label: ['encore.contract'] } });
      createInterface({ input: watching }).on('line', (line) => {
        const { Action, Actor, timeNano } = JSON.parse(line);
        const { exitCode, signal } = Actor.Attributes;
        events.push({ id: Actor.ID, action: Action, exitCode, signal, atMs: timeNano / 1e6 });
      });
    });
    afterEach(async () => {
      watching.destroy?.();
      await engine.remove(subject);
    });

    const start = async (script: string, more: Partial<SubjectSpec> = {}) => {
      subject = await engine.create({ script, restart: 'always', ...more });
      await subject.start();
      await isUp(1);
    };
    const lives = async () => (await engine.output(subject)).split('up').length - 1;
    const isUp = (times: number) => waitUntil(`${times} lives`, async () => (await lives()) >= times, deadline);
    const isNow = (status: string) =>
      waitUntil(status, async () => (await subject.inspect()).State.Status === status, deadline);
    const restarts = async () => (await subject.inspect()).RestartCount;
    const sees = (action: string, count = 1) =>
      waitUntil(action, () => ownEvents().filter((seen) => seen.action === action).length >= count, deadline);
    /** Another checkout may test the same engine at the same time. */
    const ownEvents = () => events.filter((seen) => seen.id === subject.id);
    const event = (action: string) => ownEvents().find((seen) => seen.action === action);
    /**
     * In this order; `stop` may come before or after the exit that it caused, so it is compared
     * separately.
     */
    const expectEvents = (actions: string[]) => {
      const seen = ownEvents()
        .map(({ action }) => action)
        .filter((action) => actions.includes(action));
      const ordered = (list: string[]) => list.filter((action) => action !== 'stop');
      assert.deepEqual(ordered(seen), ordered(actions));
      assert.equal(seen.includes('stop'), actions.includes('stop'));
    };

    it('restarts and counts a program killed by SIGQUIT', async () => {
      await start(polite);
      const before = Date.now();
      await subject.kill({ signal: 'SIGQUIT' });
      await isUp(2);
      assert.equal(await restarts(), 1);
      await sees('start', 2);
      expectEvents(['start', 'kill', 'die', 'start']);
      assert.equal(event('kill')?.signal, '3');
      assert.equal(event('die')?.exitCode, '131');
      const diedAt = event('die')?.atMs ?? 0;
      assert.ok(diedAt >= before - 50 && diedAt <= Date.now() + 50, `${diedAt}`);
    });

    it('backs off by 100 ms, doubled at each exit', async () => {
      await start('echo up; exit 1');
      await sees('start', 4);
      const times = (action: string) => events.filter((seen) => seen.action === action).map(({ atMs }) => atMs);
      const deaths = times('die');
      const waits = times('start')
        .slice(1)
        .map((at, i) => at - (deaths[i] ?? 0));
      for (const [i, atLeast] of [100, 200, 400].entries())
        assert.ok((waits[i] ?? 0) >= atLeast - 10 && (waits[i] ?? 0) < atLeast + 700, `waits ${waits.join(' ')}`);
    });

    for (const { signal, code } of [
      { signal: 'SIGKILL', code: 137 },
      { signal: 'SIGTERM', code: 0 },
    ]) {
      it(`API kill with ${signal} disarms the policy until an API start`, async () => {
        await start(polite);
        await subject.kill({ signal });
        await isNow('exited');
        const { State, RestartCount } = await subject.inspect();
        assert.deepEqual([State.ExitCode, State.Running, RestartCount], [code, false, 0]);
        await subject.start();
        await isUp(2);
        await subject.kill({ signal: 'SIGQUIT' });
        await isUp(3);
        assert.equal(await restarts(), 1);
      });
    }

    it('a signal other than the stop signal leaves the policy armed', async () => {
      await start(hearsHup);
      await subject.kill({ signal: 'SIGHUP' });
      assert.equal((await subject.inspect()).State.Status, 'running');
      await subject.kill({ signal: 'SIGQUIT' });
      await isUp(2);
      assert.equal(await restarts(), 1);
    });

    it('the init does not forward SIGSEGV and SIGABRT', async () => {
      await start(polite);
      for (const signal of ['SIGSEGV', 'SIGABRT']) await subject.kill({ signal });
      await subject.pause();
      await subject.unpause();
      assert.equal((await subject.inspect()).State.Status, 'running');
      assert.equal(await lives(), 1);
    });

    it('a kill during the back-off ends the restart', async () => {
      await start('echo up; exit 1');
      await sees('die', 3);
      await isNow('restarting');
      assert.equal((await subject.inspect()).State.Running, true);
      await subject.kill();
      await isNow('exited');
    });

    it('exit 0 is restarted by always, not by on-failure', async () => {
      await start('echo up', { restart: 'on-failure' });
      await isNow('exited');
      assert.equal(await restarts(), 0);
      await engine.remove(subject);
      await start('echo up');
      await isUp(2);
    });

    it('pause stops all progress and unpause resumes it; a repeated call gets 409 or 500', async () => {
      await start('while :; do echo up; sleep 0.01; done');
      await subject.pause();
      assert.equal((await subject.inspect()).State.Paused, true);
      const before = await lives();
      await assert.rejects(subject.pause(), { statusCode: 409 });
      await assert.rejects(subject.start(), { statusCode: 409 });
      assert.equal(await lives(), before);
      await subject.unpause();
      await waitUntil('progress', async () => (await lives()) > before, deadline);
      await assert.rejects(subject.unpause(), { statusCode: 500 });
      await sees('unpause');
      expectEvents(['start', 'pause', 'unpause']);
    });

    it('a stop unpauses a paused program, which then exits cleanly', async () => {
      await start(polite);
      await subject.pause();
      await subject.stop({ t: 5 });
      const { State } = await subject.inspect();
      assert.deepEqual([State.Status, State.Paused, State.ExitCode], ['exited', false, 0]);
    });

    it('SIGKILL ends a paused program', async () => {
      await start(polite);
      await subject.pause();
      await subject.kill();
      await isNow('exited');
      assert.equal((await subject.inspect()).State.ExitCode, 137);
    });

    it('a stop kills a program that ignores it after the grace period', async () => {
      await start(deaf);
      const before = performance.now();
      await subject.stop({ t: 1 });
      assert.ok(performance.now() - before >= 950);
      assert.equal((await subject.inspect()).State.ExitCode, 137);
      await sees('stop');
      await sees('die');
      expectEvents(['start', 'kill', 'kill', 'die', 'stop']);
    });

    it("an operator's restart does not count as a restart of the policy", async () => {
      await start(polite);
      await subject.restart({ t: 5 });
      await isUp(2);
      assert.equal(await restarts(), 0);
      await sees('restart');
      expectEvents(['start', 'kill', 'die', 'stop', 'start', 'restart']);
    });

    it('an API start resets the restart count', async () => {
      await start(polite);
      await subject.kill({ signal: 'SIGQUIT' });
      await isUp(2);
      await subject.kill();
      await isNow('exited');
      await subject.start();
      assert.equal(await restarts(), 0);
    });

    it('answers 304 or 409 when already in that state, 404 for unknown, 400 for invalid', async () => {
      await start(polite);
      await assert.rejects(subject.start(), { statusCode: 304 });
      await assert.rejects(subject.kill({ signal: 'SIGNONE' }), { statusCode: 400 });
      await subject.stop({ t: 5 });
      await assert.rejects(subject.stop(), { statusCode: 304 });
      await assert.rejects(subject.kill(), { statusCode: 409 });
      await assert.rejects(subject.pause(), { statusCode: 409 });
      await assert.rejects(engine.docker.getContainer('encore-nobody').inspect(), { statusCode: 404 });
    });

    it('lists by label with all labels, and finds by full id', async () => {
      await start(polite);
      const listed = await engine.docker.listContainers({ all: true, filters: { label: ['encore.contract=subject'] } });
      assert.deepEqual(
        listed.map(({ Id }) => Id),
        [subject.id],
      );
      assert.equal(listed[0]?.Labels['encore.contract'], 'subject');
      assert.equal((await subject.inspect()).Config.Labels['encore.contract'], 'subject');
      assert.equal((await subject.inspect()).HostConfig.RestartPolicy?.Name, 'always');
    });

    it('reports memory and CPU time while it runs', async () => {
      await start('echo up; while :; do :; done');
      const usage = async () => {
        const { memory_stats, cpu_stats } = await subject.stats({ stream: false });
        return memory_stats.usage > 0 && cpu_stats.cpu_usage.total_usage > 1e8;
      };
      await waitUntil('some CPU time', usage, deadline);
    });

    it('changes the memory limit of a running program and shows it, or answers 501', async () => {
      await start(polite, { memoryBytes: 64 * mebibyte });
      const set = (bytes: number) => subject.update({ Memory: bytes, MemorySwap: bytes });
      const { HostConfig } = await subject.inspect();
      if (HostConfig.Memory === 0) {
        await assert.rejects(set(32 * mebibyte), { statusCode: 501 });
        return;
      }
      assert.equal(HostConfig.Memory, 64 * mebibyte);
      await set(32 * mebibyte);
      assert.equal((await subject.inspect()).HostConfig.Memory, 32 * mebibyte);
      assert.equal((await subject.stats({ stream: false })).memory_stats.limit, 32 * mebibyte);
      await assert.rejects(subject.update({ Memory: 5 * mebibyte }), { statusCode: 400 });
      await assert.rejects(subject.update({ Memory: 512 * mebibyte }), { statusCode: 409 });
      await subject.update({ Memory: 0 });
      assert.equal((await subject.inspect()).HostConfig.Memory, 32 * mebibyte);
      await set(64 * mebibyte);
      await sees('update', 2);
      assert.equal(await lives(), 1, 'it kept running');
    });

    it('replays past events for `since`', async () => {
      await start(polite);
      const since = Math.floor((Date.now() - 60_000) / 1_000);
      await subject.kill({ signal: 'SIGQUIT' });
      await isUp(2);
      await sees('start', 2);
      const past = await engine.docker.getEvents({
        since,
        until: Math.floor(Date.now() / 1_000) + 1,
        filters: { container: [subject.id], event: ['start', 'die'] },
      });
      const actions: string[] = [];
      for await (const line of createInterface({ input: past })) actions.push(JSON.parse(line).Action);
      assert.deepEqual(actions, ['start', 'die', 'start']);
    });
  });
}
