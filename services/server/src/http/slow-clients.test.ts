import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { waitUntil } from '@encore/kit';
import { after, afterEach, before, describe, it } from 'mocha';
import { startPostgres, type TestPostgres } from '../../../../test/support/postgres.ts';
import { type FixtureServer, smallScore, startFixtureServer } from '../testing/fixture-server.ts';

const attackers = 150;

describe('slow clients', function () {
  this.timeout(120_000);
  let postgres: TestPostgres;
  let server: FixtureServer;
  const sockets: Socket[] = [];
  const timers: NodeJS.Timeout[] = [];
  let calmMs = 0;
  before(async () => {
    postgres = await startPostgres();
    server = await startFixtureServer(postgres.url, { queue_timeout: 3 });
    await server.ready();
    await server.put('bait', smallScore('C', 60_000));
    calmMs = await serveOne();
  });
  afterEach(() => {
    for (const timer of timers.splice(0)) clearInterval(timer);
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
  });

  /**
   * Opens the attack's connections. Each sends `first`, then `drip` every 200 ms; it reads only if
   * `reads` is true.
   */
  async function attack(first: string, drip: string | null, reads: boolean): Promise<{ closed: () => number }> {
    let closed = 0;
    const port = Number(new URL(server.url).port);
    await Promise.all(
      Array.from({ length: attackers }, async () => {
        const socket = connect(port, '127.0.0.1');
        sockets.push(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          closed += 1;
        });
        if (reads) socket.resume();
        else socket.pause();
        await new Promise((done) => socket.once('connect', done));
        socket.write(first);
        if (drip !== null) timers.push(setInterval(() => socket.writable && socket.write(drip), 200));
      }),
    );
    return { closed: () => closed };
  }

  /** Reads one piece of the response on each connection. */
  function readALittle(from: readonly Socket[]): void {
    for (const socket of from) socket.once('data', () => socket.pause()).resume();
  }

  async function statusOf(url: string): Promise<number> {
    const answer = await fetch(url);
    await answer.body?.cancel();
    return answer.status;
  }

  async function serveOne(): Promise<number> {
    const startedAt = performance.now();
    const id = `during-${Math.round(startedAt)}`;
    assert.equal((await server.put(id, smallScore())).status, 201);
    const { isError, code } = await server.call('key_analysis', { score_id: id });
    assert.deepEqual([isError, code], [false, null]);
    assert.equal((await fetch(`${server.healthUrl}/health/live`)).status, 200);
    return performance.now() - startedAt;
  }

  /**
   * Fails above 8 s, or above 20 times the duration without an attack on a slow machine. A request
   * that waited for a slow client to be disconnected would take 10 s.
   */
  async function assertOthersAreServed(): Promise<void> {
    const tookMs = await serveOne();
    assert.ok(tookMs < Math.max(8_000, 20 * calmMs), `took ${tookMs} ms, ${calmMs} ms without an attack`);
  }

  it('are disconnected within seconds when they send their head byte by byte', async () => {
    const { closed } = await attack('GET /scores/x HTTP/1.1\r\nHost: 127.0.0.1\r\n', 'X: y\r\n', true);
    await assertOthersAreServed();
    await waitUntil('all of them to be disconnected', () => closed() === attackers, { timeoutMs: 30_000 });
    await assertOthersAreServed();
  });

  it('occupy no slot while they send their body byte by byte', async () => {
    const head = 'PUT /scores/slow HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500000\r\n\r\n<score-partwise>';
    await attack(head, 'x', true);
    for (let i = 0; i < 3; i++) await assertOthersAreServed();
  });

  it('occupy no slot when they never read the response', async () => {
    await attack('GET /scores/bait HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', null, false);
    for (let i = 0; i < 3; i++) await assertOthersAreServed();
  });

  it('delay nobody when they pipeline requests and read slowly', async () => {
    const requests = 'GET /scores/bait HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(3);
    const startedAt = performance.now();
    const attacking = attack(requests, null, false);
    timers.push(setInterval(readALittle, 500, sockets));
    while (performance.now() - startedAt < 5_000) await assertOthersAreServed();
    const { closed } = await attacking;
    assert.equal(closed(), 0, 'they stayed connected');
  });

  it('are refused and disconnected when they pipeline requests and read nothing', async () => {
    const bait = `${server.url}/scores/bait`;
    await attack('GET /scores/bait HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(3), null, false);
    await waitUntil('a refusal', async () => (await statusOf(bait)) === 503, { timeoutMs: 20_000 });
    await assertOthersAreServed();
    await waitUntil('a response again', async () => (await statusOf(bait)) === 200, {
      timeoutMs: 30_000,
      everyMs: 500,
    });
  });

  it('are disconnected when they announce a body and never send it', async () => {
    const first = Math.round(performance.now());
    const { closed } = await attack(
      `PUT /scores/silent-${first} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n`,
      null,
      true,
    );
    await assertOthersAreServed();
    await waitUntil('all of them to be disconnected', () => closed() === attackers, { timeoutMs: 40_000 });
  });
});
