/** The process engine through dockerode, as the chaos service uses it, with real processes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { waitUntil } from '@encore/kit';
import Docker from 'dockerode';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { engineApi } from './api.ts';
import { isAlive } from './cgroup-files.ts';
import type { Container } from './container.ts';
import type { ContainerSpec } from './container-spec.ts';
import { Engine } from './engine.ts';
import { openLimitGroup } from './open-limit-group.ts';
import { Reaper } from './reaper.ts';

/** Exits 0 on SIGTERM, as a service does. */
const polite = ['/bin/sh', '-c', 'trap "exit 0" TERM; echo up; while :; do sleep 0.02; done'];
const deadline = { timeoutMs: 5_000, everyMs: 10 };

describe('process engine', () => {
  let folder = '';
  let engine: Engine;
  let server: Server;
  let docker: Docker;
  let reaper: Reaper;
  const events: { Action: string; exitCode: string | undefined; signal: string | undefined }[] = [];
  let watching: { destroy?: () => void };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore-engine-'));
    reaper = new Reaper('');
    engine = new Engine(reaper);
    const socketPath = join(folder, 'engine.sock');
    server = createServer(engineApi(engine)).listen(socketPath);
    await once(server, 'listening');
    docker = new Docker({ socketPath });
    events.length = 0;
    const stream = await docker.getEvents({ filters: { type: ['container'] } });
    watching = stream as unknown as { destroy: () => void };
    createInterface({ input: stream }).on('line', (line) => {
      const { Action, Actor } = JSON.parse(line);
      events.push({ Action, exitCode: Actor.Attributes.exitCode, signal: Actor.Attributes.signal });
    });
  });

  afterEach(async () => {
    watching.destroy?.();
    await engine[Symbol.asyncDispose]();
    reaper[Symbol.dispose]();
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true });
  });

  function create(command: readonly string[] = polite, more: Partial<ContainerSpec> = {}): Container {
    return engine.create({
      name: 'subject',
      image: 'test',
      command,
      env: { PATH: process.env['PATH'] ?? '' },
      cwd: '/',
      labels: { 'com.docker.compose.project': 'test', 'encore.target': 'server' },
      stopSignal: 'SIGTERM',
      stopGraceMs: 2_000,
      restart: 'always',
      logFile: join(folder, 'subject.log'),
      ...more,
    });
  }

  async function running(command?: readonly string[], more?: Partial<ContainerSpec>): Promise<Docker.Container> {
    const container = docker.getContainer(create(command, more).id);
    await container.start();
    await isUp();
    return container;
  }

  const output = () => readFile(join(folder, 'subject.log'), 'utf8');
  const isUp = (times = 1) =>
    waitUntil('the program to be up', async () => (await output()).split('up').length > times, deadline);
  const state = async (container: Docker.Container) => (await container.inspect()).State.Status;
  const status = (container: Docker.Container, wanted: string) =>
    waitUntil(wanted, async () => (await state(container)) === wanted, deadline);
  const actions = () => events.map(({ Action }) => Action);
  const sawEvent = (action: string, count = 1) =>
    waitUntil(action, () => actions().filter((seen) => seen === action).length >= count, deadline);

  it('restarts a program that crashed with SIGQUIT, and counts the restart', async () => {
    const container = await running();
    await container.kill({ signal: 'SIGQUIT' });
    await isUp(2);
    const { State, RestartCount } = await container.inspect();
    assert.equal(State.Status, 'running');
    assert.equal(RestartCount, 1);
    await sawEvent('start', 2);
    assert.deepEqual(actions(), ['start', 'kill', 'die', 'start']);
    assert.equal(events[1]?.signal, '3');
    assert.equal(events[2]?.exitCode, '131');
  });

  for (const signal of ['SIGKILL', 'SIGTERM']) {
    it(`treats an API kill with ${signal} as an operator's stop`, async () => {
      const container = await running();
      await container.kill({ signal });
      await status(container, 'exited');
      const { State, RestartCount } = await container.inspect();
      assert.equal(State.ExitCode, signal === 'SIGKILL' ? 137 : 0);
      assert.equal(RestartCount, 0);
      await container.start();
      await isUp(2);
      await container.kill({ signal: 'SIGQUIT' });
      await isUp(3);
      assert.equal((await container.inspect()).RestartCount, 1);
    });
  }

  it('keeps the policy armed on other signals, and does not forward SIGSEGV or SIGABRT', async () => {
    const container = await running(['/bin/sh', '-c', 'trap : HUP; echo up; while :; do sleep 0.02; done']);
    for (const signal of ['SIGHUP', 'SIGSEGV', 'SIGABRT']) await container.kill({ signal });
    assert.equal(await state(container), 'running');
    await container.kill({ signal: 'SIGQUIT' });
    await isUp(2);
    assert.equal((await container.inspect()).RestartCount, 1);
  });

  it('restarts after any exit code, backs off, and stops waiting on a kill', async () => {
    const container = docker.getContainer(create(['/bin/sh', '-c', 'echo up; exit 0']).id);
    await container.start();
    await isUp(3);
    await status(container, 'restarting');
    assert.equal((await container.inspect()).State.Running, true);
    await container.kill();
    assert.equal(await state(container), 'exited');
  });

  it('pauses: no progress and no exit on SIGTERM until unpaused', async () => {
    const container = await running(['/bin/sh', '-c', 'while :; do echo up; sleep 0.01; done']);
    await container.pause();
    assert.equal(await state(container), 'paused');
    const before = (await output()).length;
    await assert.rejects(container.pause(), { statusCode: 409 });
    await assert.rejects(container.start(), { statusCode: 409 });
    await new Promise((later) => setTimeout(later, 150));
    assert.equal((await output()).length, before);
    await container.unpause();
    await waitUntil('progress', async () => (await output()).length > before, deadline);
    await assert.rejects(container.unpause(), { statusCode: 500 });
    assert.deepEqual(actions(), ['start', 'pause', 'unpause']);
  });

  it('pauses and kills processes that left the group', async function () {
    if (process.platform !== 'linux') this.skip();
    const container = await running([
      '/bin/sh',
      '-c',
      'setsid sh -c "echo child $$; while :; do echo up; sleep 0.01; done" & wait',
    ]);
    await container.pause();
    const before = (await output()).length;
    await new Promise((later) => setTimeout(later, 150));
    assert.equal((await output()).length, before);
    const live = engine.find('subject').state;
    const pids = 'process' in live ? live.process.members().map(({ pid }) => pid) : [];
    assert.ok(pids.length >= 2);
    await container.kill();
    await status(container, 'exited');
    await waitUntil('all to be gone', () => pids.every((pid) => !isAlive(pid)), deadline);
  });

  it('unpauses a program for its stop signal, so that it exits cleanly', async () => {
    const container = await running();
    await container.pause();
    await container.stop();
    assert.equal((await container.inspect()).State.ExitCode, 0);
    await sawEvent('stop');
    assert.deepEqual(actions(), ['start', 'pause', 'kill', 'unpause', 'die', 'stop']);
  });

  it('kills a program that does not stop within the grace period', async () => {
    const container = await running(['/bin/sh', '-c', 'trap "" TERM; echo up; while :; do sleep 0.02; done']);
    await container.stop({ t: 0 });
    assert.equal((await container.inspect()).State.ExitCode, 137);
  });

  it('answers 304 or 409 when already in that state, 404 for an unknown container', async () => {
    const container = await running();
    await assert.rejects(container.start(), { statusCode: 304 });
    await container.stop();
    await assert.rejects(container.stop(), { statusCode: 304 });
    for (const act of ['kill', 'pause'] as const) await assert.rejects(container[act](), { statusCode: 409 });
    await assert.rejects(docker.getContainer('nobody').inspect(), { statusCode: 404 });
    await assert.rejects(container.kill({ signal: 'SIGNONE' }), { statusCode: 400 });
    await assert.rejects(docker.getNetwork('front').disconnect({ Container: container.id }), { statusCode: 501 });
    await assert.rejects(container.exec({ Cmd: ['true'] }), { statusCode: 501 });
  });

  it("does not count an operator's restart", async () => {
    const container = await running();
    await container.restart();
    await isUp(2);
    assert.equal((await container.inspect()).RestartCount, 0);
    await sawEvent('restart');
    assert.deepEqual(actions(), ['start', 'kill', 'die', 'stop', 'start', 'restart']);
  });

  it('kills the children that a program leaves behind', async () => {
    const container = await running(['/bin/sh', '-c', 'sleep 60 & echo child $! up; exit 1'], { restart: 'no' });
    await status(container, 'exited');
    const child = Number(/child (\d+)/.exec(await output())?.[1]);
    await waitUntil('the child to be gone', () => !isAlive(child), deadline);
  });

  it('lists by label, finds by name and by id prefix', async () => {
    const container = await running();
    const listed = await docker.listContainers({ filters: { label: ['encore.target=server'] } });
    assert.deepEqual(
      listed.map(({ Id }) => Id),
      [container.id],
    );
    assert.equal(listed[0]?.Labels['com.docker.compose.project'], 'test');
    assert.deepEqual(await docker.listContainers({ all: true, filters: { label: ['encore.target=postgres'] } }), []);
    for (const name of ['subject', container.id.slice(0, 12)])
      assert.equal((await docker.getContainer(name).inspect()).Id, container.id);
  });

  it('reports memory and CPU time of the whole process tree', async () => {
    const script = 'const b = Buffer.alloc(60e6, 1); console.log("up"); setInterval(() => b.fill(2), 20)';
    const container = await running(['/bin/sh', '-c', `"$0" -e '${script}' & wait`, process.execPath]);
    await waitUntil(
      'memory and CPU time',
      async () => {
        const { memory_stats, cpu_stats } = await container.stats({ stream: false });
        return memory_stats.usage > 60e6 && memory_stats.usage < 250e6 && cpu_stats.cpu_usage.total_usage > 0;
      },
      deadline,
    );
  });

  it('reports the control groups that it can write to, even before any container uses them', async () => {
    const group = openLimitGroup(process.pid, 'expected');
    group?.remove();
    const { CgroupVersion, MemoryLimit } = await docker.info();
    assert.deepEqual([CgroupVersion, MemoryLimit], [group?.version ?? '', group !== null]);
  });

  it('replays past events for `since`', async () => {
    const container = await running();
    await container.kill({ signal: 'SIGQUIT' });
    await isUp(2);
    const until = Math.floor(Date.now() / 1_000);
    const past = await docker.getEvents({ since: 0, until, filters: { event: ['die'] } });
    const lines: string[] = [];
    for await (const line of createInterface({ input: past })) lines.push(JSON.parse(line).Action);
    assert.deepEqual(lines, ['die']);
  });
});
