/**
 * The engine dies while the service uses its socket, as dockerd does under `live-restore`: the file
 * of the old socket stays, but nothing listens on it. The real engine is never touched; a relay in
 * front of the process engine dies in its place.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock, waitUntil } from '@encore/kit';
import { describe, it } from 'mocha';
import { startProcessToyLab } from './process-toy-lab.ts';
import { Running } from './running-chaos.ts';

const runId = 'engine-run';

/** A socket that forwards to the engine until it is killed. */
class Relay implements AsyncDisposable {
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  readonly path: string;
  readonly #engine: string;

  constructor(path: string, engine: string) {
    this.path = path;
    this.#engine = engine;
  }

  async start(): Promise<void> {
    await rm(this.path, { force: true });
    this.#server = createServer((client) => {
      const engine = connect(this.#engine);
      for (const socket of [client, engine]) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
      }
      client.pipe(engine).pipe(client);
    }).listen(this.path);
    await once(this.#server, 'listening');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await rm(dirname(this.path), { recursive: true, force: true });
  }

  kill(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }
}

describe('an engine that dies in the middle of a run', () => {
  it('exits after 15 s; its successor uses the new socket, records the gap and reverts the fault', async () => {
    await using lab = await startProcessToyLab();
    const folder = await mkdtemp(join(tmpdir(), 'encore-relay-'));
    await using relay = new Relay(join(folder, 'engine.sock'), lab.environment['ENCORE_ENGINE_SOCKET'] ?? '');
    await relay.start();
    const environment = { ...lab.environment, ENCORE_ENGINE_SOCKET: relay.path };
    await using first = await Running.start(environment);
    await first.call('POST', '/run', { runId, ttlMs: 60_000 });
    const freeze = {
      id: 'f0001',
      kind: 'freeze',
      target: 'server',
      atSeconds: 0,
      durationSeconds: 60,
      params: {},
    } as const;
    assert.equal((await first.inject(runId, freeze)).effect, 'confirmed');

    const diedAt = systemClock.now();
    relay.kill();
    await waitUntil('an unready service', async () => !(await fetch(`${first.url}/ready`)).ok, { timeoutMs: 10_000 });
    const [code] = (await once(first.child, 'exit')) as [number | null];
    const silentMs = systemClock.now() - diedAt;
    assert.equal(code, 1);
    assert.ok(silentMs > 14_000 && silentMs < 22_000, `ended after ${silentMs} ms`);

    await relay.start();
    const backAt = systemClock.now();
    await using second = await Running.start(environment);
    const losses = await waitUntil(
      'the end of the loss',
      async () => {
        const found = await second.eventsOf('engine_lost');
        return found.at(-1)?.ongoing === false && found;
      },
      { timeoutMs: 10_000 },
    );
    assert.ok((losses[0]?.fromAt ?? diedAt) <= diedAt + 100, JSON.stringify(losses));
    assert.ok((losses.at(-1)?.toAt ?? 0) >= backAt, JSON.stringify(losses));
    assert.equal(losses[1]?.fromAt, losses[0]?.toAt, 'the losses are contiguous');
    await waitUntil('the revert', async () => !(await lab.container('server').inspect()).State.Paused, {
      timeoutMs: 10_000,
    });
  });

  it('records the loss of observation when the service is stopped in the middle of a run', async () => {
    await using lab = await startProcessToyLab();
    await using chaos = await Running.start(lab.environment);
    await chaos.call('POST', '/run', { runId, ttlMs: 60_000 });
    const { instanceId } = (await chaos.call('GET', '/events')) as { instanceId: string };
    chaos.child.kill('SIGTERM');
    const lost = await waitUntil(
      'its last event',
      async () => {
        const page = (await chaos.call('GET', `/events?instance=${instanceId}&after=0`)) as {
          events: { event: { type: string } }[];
        };
        return page.events.find(({ event }) => event.type === 'engine_lost');
      },
      { timeoutMs: 5_000, everyMs: 20 },
    );
    assert.match(JSON.stringify(lost), /"ongoing":true.*stopped in the middle of a run/);
    if (!chaos.ended) await once(chaos.child, 'exit');
    assert.equal(chaos.child.exitCode, 0);
  });
}).timeout(120_000);
