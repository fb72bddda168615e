import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { serverErrorSchema } from '@encore/contracts';
import { createLogger, systemClock, waitUntil } from '@encore/kit';
import { afterEach, beforeEach, describe, it } from 'mocha';
import pg from 'pg';
import { startPostgres, type TestPostgres } from '../../../../test/support/postgres.ts';
import { createBreakers } from '../breakers.ts';
import { serverConfigSchema } from '../server-config.ts';
import { DatabaseProxy } from '../testing/database-proxy.ts';
import { type FixtureServer, smallScore, startFixtureServer } from '../testing/fixture-server.ts';
import { Database } from './database.ts';

const limits = {
  database: { connections: 4, connect_timeout: 1, query_timeout: 1 },
  breaker: { database_open_seconds: 1 },
  // Longer than the query timeout, so that requests in the queue see the frozen database.
  queue_timeout: 3,
};

const get = (url: string): Promise<Response> => fetch(url, { signal: AbortSignal.timeout(30_000) });
const isReady = async (server: FixtureServer): Promise<boolean> => (await get(`${server.healthUrl}/health/ready`)).ok;
const untilReady = (server: FixtureServer): Promise<true> =>
  waitUntil('readiness', () => isReady(server), { timeoutMs: 15_000 });

/** Checks for a prompt 503 with Retry-After. */
async function assertUnavailable(response: Promise<Response>): Promise<void> {
  const startedAt = performance.now();
  const answer = await response;
  const { error } = serverErrorSchema.parse(await answer.json());
  assert.deepEqual([answer.status, error.code], [503, 'DATABASE_UNAVAILABLE']);
  assert.ok(Number(answer.headers.get('retry-after')) >= 1);
  assert.ok(performance.now() - startedAt < 4_000, 'within a few seconds');
}

describe('a server with a faulty database', function () {
  this.timeout(120_000);
  let postgres: TestPostgres;
  beforeEach(async () => {
    postgres = await startPostgres();
  });
  afterEach(() => postgres[Symbol.asyncDispose]());

  it('is live but not ready before the database starts, then becomes ready', async () => {
    await postgres.stop();
    await using server = await startFixtureServer(postgres.url, limits);
    assert.equal((await get(`${server.healthUrl}/health/live`)).status, 200);
    assert.equal(await isReady(server), false);
    await assertUnavailable(server.put('early', smallScore()));
    await postgres.start();
    await untilReady(server);
    assert.equal((await server.put('early', smallScore())).status, 201);
  });

  it('is ready while users occupy all connections', async () => {
    await using database = new Database({
      url: postgres.url,
      clock: systemClock,
      connections: 2,
      connectTimeoutMs: 30_000,
      queryTimeoutMs: 30_000,
      maxWaitMs: 30_000,
      breaker: createBreakers(serverConfigSchema.parse({}), [], createLogger('test', 'silent')).database,
      onFailure: () => {},
    });
    const queries = [1, 2].map(() => database.query('select pg_sleep(4)'));
    const areAllUsed = () => database.stats.total === 2 && database.stats.idle === 0;
    await waitUntil('both connections to be in use', areAllUsed, { timeoutMs: 30_000, everyMs: 10 });
    const first = await Promise.race([database.ping(30_000), ...queries]);
    await Promise.all(queries);
    assert.equal(first, true, 'a query ended before the ping');
  });

  it('loses no acknowledged write when the database crashes and restarts', async () => {
    await using server = await startFixtureServer(postgres.url, limits);
    await untilReady(server);
    assert.equal((await server.put('kept', smallScore('G'))).status, 201);
    await postgres.stop();
    await assertUnavailable(get(`${server.url}/scores/kept`));
    assert.equal((await server.call('key_analysis', { score_id: 'kept' })).code, 'DATABASE_UNAVAILABLE');
    assert.equal((await get(`${server.healthUrl}/health/live`)).status, 200);
    await postgres.start();
    await untilReady(server);
    await waitUntil('an answer', async () => (await get(`${server.url}/scores/kept`)).ok, { timeoutMs: 5_000 });
    assert.equal(await (await get(`${server.url}/scores/kept`)).text(), smallScore('G'));
  });

  it('fails fast while the database is frozen and recovers afterwards', async () => {
    await using server = await startFixtureServer(postgres.url, limits);
    await untilReady(server);
    await server.put('frozen', smallScore());
    postgres.signal('SIGSTOP');
    await Promise.all(Array.from({ length: 8 }, () => assertUnavailable(get(`${server.url}/scores/frozen`))));
    const startedAt = performance.now();
    await assertUnavailable(get(`${server.url}/scores/frozen`));
    assert.ok(performance.now() - startedAt < 500, 'the breaker refuses immediately');
    assert.equal(await isReady(server), false);
    postgres.signal('SIGCONT');
    await waitUntil('an answer', async () => (await get(`${server.url}/scores/frozen`)).ok, { timeoutMs: 10_000 });
  });

  it('definitely refuses writes while the disk is full and keeps serving reads', async () => {
    await using server = await startFixtureServer(postgres.url, limits);
    await untilReady(server);
    await server.put('before', smallScore());
    const client = new pg.Client(postgres.url);
    await client.connect();
    await client.query(`create function full_disk() returns trigger language plpgsql as
      $$ begin raise exception 'no space left' using errcode = '53100'; end $$;
      create trigger full_disk before insert on score_chunks execute function full_disk()`);
    const response = await server.put('during', smallScore());
    const { error } = serverErrorSchema.parse(await response.json());
    assert.deepEqual([response.status, error.code, error.definite], [503, 'DATABASE_UNAVAILABLE', true]);
    assert.equal((await get(`${server.url}/scores/before`)).status, 200);
    await client.query('drop trigger full_disk on score_chunks');
    await client.end();
    assert.equal((await server.put('during', smallScore())).status, 201);
  });

  it('recovers a write by its key when the commit response is lost', async () => {
    await using proxy = await DatabaseProxy.open(postgres);
    await using server = await startFixtureServer(proxy.url, limits);
    await untilReady(server);
    proxy.cutAfter = 'publish_score';
    const key = randomUUID();
    const response = await server.put('found', smallScore(), { 'idempotency-key': key });
    assert.equal(response.status, 201);
    assert.equal(proxy.cuts, 1, 'the response was lost');
    assert.match(await (await get(`${server.healthUrl}/metrics`)).text(), /encore_server_resolved_writes_total\S* 1\n/);
    assert.equal((await server.put('found', smallScore(), { 'idempotency-key': key })).status, 200);
    // Without a key the outcome is unknown, and the response reports that.
    proxy.cutAfter = 'publish_score';
    const { error } = serverErrorSchema.parse(await (await server.put('unknown', smallScore())).json());
    assert.deepEqual([error.code, error.definite], ['DATABASE_UNAVAILABLE', false]);
  });

  it('fails only the statements in progress when all connections break', async () => {
    const connections = 10;
    await using proxy = await DatabaseProxy.open(postgres);
    await using server = await startFixtureServer(proxy.url, {
      // Generous, so that only the broken connections cause failures, even on a busy machine.
      database: { connections, connect_timeout: 8, query_timeout: 16 },
      breaker: { database_open_seconds: 60 },
      queue_timeout: 20,
    });
    await untilReady(server);
    await server.put('read', smallScore());
    const failures: string[] = [];
    let answers = 0;
    let done = false;
    const user = async (): Promise<void> => {
      while (!done) {
        const answer = await get(`${server.url}/scores/read`);
        const text = await answer.text();
        if (answer.ok) answers += 1;
        else failures.push(text);
      }
    };
    proxy.delayMs = 100;
    const users = Promise.all(Array.from({ length: 3 * connections }, user));
    try {
      await waitUntil('answers', () => answers > 100, { timeoutMs: 30_000 });
      await proxy.cutAndRefuse(700);
      const before = answers;
      await waitUntil('answers again', () => answers > before + 100, { timeoutMs: 30_000 });
    } finally {
      done = true;
      await users;
    }
    assert.ok(failures.length > 0 && failures.length <= connections, failures.join('\n'));
  });
});
