import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { waitUntil } from '@encore/kit';
import { after, afterEach, before, describe, it } from 'mocha';
import { startPostgres, type TestPostgres } from '../../../../test/support/postgres.ts';
import { type FixtureServer, smallScore, startFixtureServer } from '../fixture-server.ts';

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

  /** Opens the attack's connections; each sends `first`, then `drip` every 200 ms, and reads only when told to. */
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

  /** One piece of what has come. */
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
   * A request that waits for a place is refused after 3 s, and one that waits for a slow client until that is cut takes 10 s. On a
   * machine that is slow without any attack: not much slower than that.
   */
  async function othersAreServed(): Promise<void> {
    const tookMs = await serveOne();
    assert.ok(tookMs < Math.max(8_000, 20 * calmMs), `took ${tookMs} ms, ${calmMs} ms without an attack`);
  }

  it('that send their head byte by byte are cut off within seconds, and nobody else notices', async () => {
    const { closed } = await attack('GET /scores/x HTTP/1.1\r\nHost: 127.0.0.1\r\n', 'X: y\r\n', true);
    await othersAreServed();
    await waitUntil('all of them to be cut', () => closed() === attackers, { timeoutMs: 30_000 });
    await othersAreServed();
  });

  it('that send their body byte by byte hold no place that another needs', async () => {
    const head = 'PUT /scores/slow HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500000\r\n\r\n<score-partwise>';
    await attack(head, 'x', true);
    for (let i = 0; i < 3; i++) await othersAreServed();
  });

  it('that never read their answer hold no place that another needs', async () => {
    await attack('GET /scores/bait HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', null, false);
    for (let i = 0; i < 3; i++) await othersAreServed();
  });

  it('that ask again and again and read a little now and then hold nobody up, from the moment they come', async () => {
    const asked = 'GET /scores/bait HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(3);
    const startedAt = performance.now();
    const coming = attack(asked, null, false);
    timers.push(setInterval(readALittle, 500, sockets));
    while (performance.now() - startedAt < 5_000) await othersAreServed();
    const { closed } = await coming;
    assert.equal(closed(), 0, 'they were there all the time');
  });

  it('that ask for more than they read are refused before it fills the memory, and cut off in the end', async () => {
    const bait = `${server.url}/scores/bait`;
    await attack('GET /scores/bait HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(3), null, false);
    await waitUntil('no room for another', async () => (await statusOf(bait)) === 503, { timeoutMs: 20_000 });
    await othersAreServed();
    await waitUntil('room again', async () => (await statusOf(bait)) === 200, { timeoutMs: 30_000, everyMs: 500 });
  });

  it('that announce a body and never send it are told so', async () => {
    const first = Math.round(performance.now());
    const { closed } = await attack(
      `PUT /scores/silent-${first} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n`,
      null,
      true,
    );
    await othersAreServed();
    await waitUntil('all of them to be cut', () => closed() === attackers, { timeoutMs: 40_000 });
  });
});
