import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { systemClock, waitUntil } from '@encore/kit';
import { describe, it } from 'mocha';
import { FakeTarget } from '../testing/fake-target.ts';
import { type ServerObservation, ServerWatcher } from './server-watcher.ts';

describe('ServerWatcher', () => {
  it('is ready while every replica is, and reports each by its name', async () => {
    const servers = [new FakeTarget(), new FakeTarget()];
    for (const server of servers) await server.start();
    const seen: string[] = [];
    const stop = new AbortController();
    const watcher = new ServerWatcher({
      health: new Map(servers.map(({ port }, index) => [`api#${index + 1}`, { ready: `http://127.0.0.1:${port}/` }])),
      clock: systemClock,
      onChange: (target, { ready }) => seen.push(`${target} ${ready}`),
    });
    assert.equal(watcher.ready, false, 'nothing is observed yet');
    const watching = watcher.run(stop.signal);
    const until = (what: string, probe: () => boolean): Promise<unknown> =>
      waitUntil(what, probe, { timeoutMs: 10_000, everyMs: 5 });
    await until('both', () => watcher.ready);
    servers[1]?.kill();
    await until('the end of the second', () => !watcher.ready);
    assert.deepEqual([watcher.latest('api#1')?.ready, watcher.latest('api#2')?.ready], [true, false]);
    assert.equal(watcher.latest('db'), null);
    stop.abort();
    await watching;
    servers[0]?.kill();
    assert.deepEqual(seen.sort(), ['api#1 true', 'api#2 false', 'api#2 true']);
  });

  it('reports each change once: ready, down, ready, not ready', async () => {
    const server = new FakeTarget();
    await server.start();
    const seen: ServerObservation[] = [];
    const stop = new AbortController();
    const health = new Map([['api', { ready: `http://127.0.0.1:${server.port}/ready` }]]);
    const watcher = new ServerWatcher({
      health,
      clock: systemClock,
      onChange: (_target, observation) => seen.push(observation),
      everyMs: 10,
    });
    const watching = watcher.run(stop.signal);
    const until = (count: number): Promise<unknown> =>
      waitUntil(`${count} sights`, () => seen.length >= count, { timeoutMs: 3_000, everyMs: 5 });
    await until(1);
    const killedAt = performance.now();
    server.kill();
    await until(2);
    assert.ok(performance.now() - killedAt < 500, 'a kill is seen at once');
    await server.start();
    await until(3);
    server.ready = false;
    await until(4);
    stop.abort();
    await watching;
    server.kill();
    assert.deepEqual(
      seen.map(({ port, ready }) => [port, ready]),
      [
        [true, true],
        [false, false],
        [true, true],
        [true, false],
      ],
    );
  });

  it('distinguishes a silent server from a closed port', async () => {
    const mute = createServer(() => undefined);
    await new Promise<void>((done) => mute.listen(0, '127.0.0.1', done));
    const seen: ServerObservation[] = [];
    const stop = new AbortController();
    const url = `http://127.0.0.1:${(mute.address() as AddressInfo).port}`;
    const health = new Map([['api', { ready: `${url}/ready`, live: `${url}/live` }]]);
    const watcher = new ServerWatcher({
      health,
      clock: systemClock,
      onChange: (_target, observation) => seen.push(observation),
      deadlineMs: 100,
    });
    const watching = watcher.run(stop.signal);
    await waitUntil('an observation', () => seen.length > 0, { timeoutMs: 3_000, everyMs: 5 });
    stop.abort();
    await watching;
    mute.close();
    assert.deepEqual(seen[0], { port: true, answered: false, ready: false });
  });
});
