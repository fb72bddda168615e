import assert from 'node:assert/strict';
import { createLogger, EncoreError, systemClock, waitUntil } from '@encore/kit';
import { after, before, describe, it } from 'mocha';
import pg from 'pg';
import { startPostgres, type TestPostgres } from '../../../../test/support/postgres.ts';
import { createBreakers } from '../breakers.ts';
import { serverConfigSchema } from '../server-config.ts';
import { Database, type DatabaseOptions } from './database.ts';

describe('Database', function () {
  this.timeout(120_000);
  let postgres: TestPostgres;
  let client: pg.Client;
  before(async () => {
    postgres = await startPostgres();
    client = new pg.Client(postgres.url);
    await client.connect();
  });
  after(async () => {
    await client.end();
    await postgres[Symbol.asyncDispose]();
  });

  const open = (options: Partial<DatabaseOptions> = {}): Database =>
    new Database({
      url: postgres.url,
      clock: systemClock,
      connections: 4,
      connectTimeoutMs: 30_000,
      queryTimeoutMs: 30_000,
      maxWaitMs: 30_000,
      breaker: createBreakers(serverConfigSchema.parse({}), [], createLogger('test', 'silent')).database,
      onFailure: () => {},
      ...options,
    });
  const statements = async (): Promise<number> => {
    const text = "select count(*) from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'";
    return Number((await client.query(text)).rows[0].count);
  };

  it('has PostgreSQL end a statement that takes too long, so that it certainly had no effect', async () => {
    await using database = open({ queryTimeoutMs: 1_500 });
    const rejected = assert.rejects(
      database.query('select pg_sleep(20)'),
      (error) => error instanceof EncoreError && error.code === 'DATABASE_UNAVAILABLE' && error.definite,
    );
    await waitUntil('the statement', async () => (await statements()) === 1, { timeoutMs: 10_000, everyMs: 10 });
    await rejected;
    // PostgreSQL answers a moment before it shows the connection as idle.
    await waitUntil('its end', async () => (await statements()) === 0, { timeoutMs: 5_000, everyMs: 10 });
  });

  it('serves small requests while large scores wait for connections', async () => {
    await using database = open();
    const ended: string[] = [];
    const large = Array.from({ length: 8 }, async () => {
      await database.bulkQuery('select pg_sleep(0.5)', []);
      ended.push('large');
    });
    const small = Array.from({ length: 3 }, async () => {
      await database.query('select 1');
      ended.push('small');
    });
    await Promise.all([...large, ...small]);
    assert.deepEqual(ended.slice(0, 3), ['small', 'small', 'small']);
  });
});
