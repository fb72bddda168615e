import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { type Clock, createLogger, systemClock, waitUntil } from '@encore/kit';
import { after, before, beforeEach, describe, it } from 'mocha';
import pg from 'pg';
import { startPostgres, type TestPostgres } from '../../../../test/support/postgres.ts';
import { createBreakers } from '../breakers.ts';
import { createComponents } from '../components.ts';
import { readSettings } from '../config.ts';
import { serverConfigSchema } from '../server-config.ts';
import { Database } from './database.ts';
import { type RetentionRules, sweep } from './retention.ts';
import { ScoreStore } from './score-store.ts';

const signal = new AbortController().signal;
const hour = 3_600_000;

describe('sweep', function () {
  this.timeout(60_000);
  let postgres: TestPostgres;
  let database: Database;
  let store: ScoreStore;
  let client: pg.Client;
  before(async () => {
    postgres = await startPostgres();
    const breaker = createBreakers(serverConfigSchema.parse({}), [], createLogger('test', 'silent')).database;
    database = new Database({
      url: postgres.url,
      clock: systemClock,
      connections: 4,
      connectTimeoutMs: 2_000,
      queryTimeoutMs: 5_000,
      maxWaitMs: 5_000,
      breaker,
      onFailure: () => {},
    });
    await database.migrate();
    await database.migrate();
    store = new ScoreStore(database, { onResolved: () => {}, onCorrupt: () => {} });
    client = new pg.Client(postgres.url);
    await client.connect();
  });
  beforeEach(() => client.query('truncate scores, score_contents, score_chunks, idempotency_keys'));
  after(async () => {
    await client.end();
    await database[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
  });

  async function write(id: string, expectedVersion: number | null = null): Promise<void> {
    async function* chunks(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(1_000, id);
    }
    const idempotencyKey = `key-of-${id}-${expectedVersion}`;
    const upload = { id, expectedVersion, idempotencyKey, bytes: 1_000, sha256: id, format: 'midi' as const };
    await store.write({ ...upload, chunks: chunks() }, signal);
  }
  async function removedBy(rules: Partial<RetentionRules> = {}): Promise<number> {
    let removed = 0;
    const defaults = { unusedMs: hour, maxAgeMs: 48 * hour, maxTotalBytes: 1e12 };
    const onRemoved = (scores: number): void => {
      removed += scores;
    };
    await sweep(database, { ...defaults, onRemoved, ...rules }, signal);
    return removed;
  }
  const count = async (table: string): Promise<number> =>
    Number((await client.query(`select count(*) from ${table}`)).rows[0].count);

  it('keeps scores and recently replaced contents', async () => {
    await write('kept');
    await write('kept', 1);
    await store.delete('none', signal);
    assert.equal(await removedBy(), 0);
    assert.deepEqual([await count('scores'), await count('score_chunks')], [1, 2]);
  });

  it('removes replaced, deleted and never published contents', async () => {
    await write('replaced');
    await write('replaced', 1);
    await write('deleted');
    assert.equal(await store.delete('deleted', signal), true);
    await client.query('insert into score_contents default values');
    await client.query(`update score_contents set unused_since = unused_since - interval '2 hours'`);
    await removedBy();
    assert.deepEqual([await count('scores'), await count('score_contents'), await count('score_chunks')], [1, 1, 1]);
    assert.equal((await store.head('replaced', signal)).version, 2);
  });

  it('removes expired scores and keys in several batches', async () => {
    for (let i = 0; i < 120; i++) await write(`old-${i}`);
    await client.query(`update scores set updated_at = now() - interval '50 hours'`);
    await client.query(`update idempotency_keys set created_at = now() - interval '50 hours'`);
    await write('young');
    assert.equal(await removedBy(), 120);
    assert.deepEqual([await count('scores'), await count('idempotency_keys')], [1, 1]);
  });

  it('removes the oldest scores above the total size', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      await write(id);
      await client.query(`update scores set updated_at = updated_at - interval '1 minute'`);
    }
    assert.equal(await removedBy({ maxTotalBytes: 2_500 }), 3);
    assert.deepEqual(
      (await store.list('', '', 10, signal)).map(({ id }) => id),
      ['d', 'e'],
    );
  });

  it('is repeated by the server every minute', async () => {
    const settings = readSettings({ ENCORE_DATABASE_URL: postgres.url, ENCORE_SCRATCH_DIR: tmpdir() });
    await using components = createComponents(settings, createLogger('test', 'silent'));
    const clock: Clock = {
      now: systemClock.now,
      sleep: (ms, signal) => systemClock.sleep(ms === 60_000 ? 20 : ms, signal),
    };
    await components.start(clock);
    for (const id of ['first', 'second']) {
      await write(id);
      await client.query(`update scores set updated_at = now() - interval '50 hours'`);
      await waitUntil('the sweep', async () => (await count('scores')) === 0, { timeoutMs: 20_000 });
    }
  });
});
