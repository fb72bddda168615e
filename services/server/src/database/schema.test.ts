import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import pg from 'pg';
import { startPostgres } from '../../../../test/support/postgres.ts';
import { smallScore, startFixtureServer } from '../testing/fixture-server.ts';

describe('the database schema', function () {
  this.timeout(60_000);

  it('upgrades the schema of an older server and keeps its scores', async () => {
    await using postgres = await startPostgres();
    await using older = await startFixtureServer(postgres.url);
    await older.ready();
    const headers = { 'idempotency-key': 'from-before' };
    assert.equal((await older.put('kept', smallScore(), headers)).status, 201);
    const client = new pg.Client(postgres.url);
    await client.connect();
    // The older schema had neither the column `request` nor the eighth argument.
    await client.query(`drop function publish_score; alter table idempotency_keys drop column request;
      create function publish_score(a text, b integer, c text, d bigint, e bigint, f text, g text) returns integer
      language sql as 'select 1'`);
    await using newer = await startFixtureServer(postgres.url);
    await newer.ready();
    assert.equal((await newer.put('kept', smallScore(), headers)).status, 200);
    assert.equal((await newer.put('more', smallScore())).status, 201);
    const { rows } = await client.query("select pronargs from pg_proc where proname = 'publish_score'");
    await client.end();
    assert.deepEqual(rows, [{ pronargs: 8 }]);
  });
});
