/** A database with content, created before its server starts. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { after, before, describe, it } from 'mocha';
import { root, runCommand } from '../../../test/support/command.ts';
import { freePort } from '../../../test/support/free-port.ts';
import { Engine } from '../engine/engine.ts';
import { Reaper } from '../engine/reaper.ts';
import { preparePostgres } from './binaries.ts';
import { createDatabase, type Database } from './database.ts';
import { fillDatabase } from './fill-database.ts';

const sql = `-- a comment; with a semicolon
CREATE TABLE items (
  name text PRIMARY KEY
);

INSERT INTO items VALUES ('a; b'), ('c');

INSERT INTO items VALUES ('d')`;

const query = `
import pg from 'pg';
const client = new pg.Client(process.argv[1]);
await client.connect();
const { rows } = await client.query('SELECT string_agg(name, $1 ORDER BY name) AS names, current_user AS owner FROM items', ['|']);
console.log(JSON.stringify(rows[0]));
await client.end();`;

describe('a database with content', function () {
  this.timeout(60_000);
  // Created here, so that another user can enter it.
  const folder = mkdtempSync(join(tmpdir(), 'encore-postgres-'));
  let server: Database;
  let port = 0;
  before(async () => {
    await chmod(folder, 0o755);
    port = await freePort();
    const programs = await preparePostgres(folder);
    server = await createDatabase({ programs, folder: join(folder, 'db'), port, role: 'shop', password: 'secret' });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('has all of its SQL, and belongs to its user', async () => {
    await fillDatabase(server, { database: 'orders', sql, sqlName: 'schema.sql' });
    await using engine = new Engine(new Reaper(''));
    const spec = { name: 'db', image: 'db', cwd: '/', labels: {}, stopGraceMs: 5_000 };
    engine.create({ ...server, ...spec, stopSignal: 'SIGINT', restart: 'no', logFile: join(folder, 'log') }).start();
    const url = `postgres://shop:secret@127.0.0.1:${port}/orders`;
    const asked = async () => {
      const args = ['--input-type=module', '-e', query, url];
      const { exitCode, stdout } = await runCommand(process.execPath, args, { cwd: root, timeoutMs: 20_000 });
      return exitCode === 0 && (JSON.parse(stdout) as object);
    };
    const found = await waitUntil('the database', asked, { timeoutMs: 40_000, everyMs: 200 });
    assert.deepEqual(found, { names: 'a; b|c|d', owner: 'shop' });
  });

  it("is refused with PostgreSQL's errors and the name of the file", async () => {
    const wrong = fillDatabase(server, { database: 'postgres', sql: 'CREATE TABEL x (y int)', sqlName: 'schema.sql' });
    await assert.rejects(wrong, {
      code: 'NO_DATABASE',
      message: /^PostgreSQL could not execute schema\.sql: .*ERROR: .*syntax error at or near "TABEL"/,
    });
  });
});
