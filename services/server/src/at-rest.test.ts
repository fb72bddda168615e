/** Checks that an idle server holds no files, slots, busy connections or transactions. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@encore/kit';
import { after, before, describe, it } from 'mocha';
import pg from 'pg';
import { startPostgres, type TestPostgres } from '../../../test/support/postgres.ts';
import { type FixtureServer, smallScore, startFixtureServer } from './testing/fixture-server.ts';

/** Gauges that are 0 on an idle server. */
const inUse = ['admitted_requests', 'queued_requests', 'worker_processes_busy', 'worker_jobs_queued', 'spool_bytes'];

describe('an idle server', function () {
  this.timeout(30_000);
  let postgres: TestPostgres;
  let server: FixtureServer;
  let database: pg.Client;
  let scratchDir = '';
  before(async () => {
    postgres = await startPostgres();
    scratchDir = mkdtempSync(join(tmpdir(), 'encore-rest-'));
    server = await startFixtureServer(postgres.url, {}, { scratchDir });
    await server.ready();
    database = new pg.Client({ connectionString: postgres.url });
    await database.connect();
  });
  after(async () => {
    await database.end();
    await server[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
    rmSync(scratchDir, { recursive: true });
  });

  it('holds nothing after successful, refused and aborted requests', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => useOnce(server, i)));
    await waitUntil('everything to be released', async () => (await resourcesInUse(server)) === '', {
      timeoutMs: 5_000,
    });
    assert.deepEqual(readdirSync(scratchDir), []);
    const { rows } = await database.query(
      `select state, query from pg_stat_activity where application_name = 'encore-server' and state <> 'idle'`,
    );
    assert.deepEqual(rows, []);
    const { rows: prepared } = await database.query('select gid from pg_prepared_xacts');
    assert.deepEqual(prepared, []);
  });
});

/** Makes one of ten requests in turn: valid, invalid and aborted ones. */
async function useOnce(server: FixtureServer, i: number): Promise<void> {
  const id = `rest-${i}`;
  const key = { 'idempotency-key': id };
  const requests = [
    () => server.put(id, smallScore('C', 50), key),
    () => server.put(id, smallScore('C', 50), { ...key, 'content-encoding': 'gzip' }),
    () => server.call('import_score', { score_id: id, content: smallScore('D', 20) }),
    () => server.call('import_score', { score_id: id, content: '<score-partwise>' }),
    () => server.call('key_analysis', { score_id: 'nobody' }),
    () => abortUpload(server, id, smallScore('E', 20_000)),
    () => abortUpload(server, id, smallScore('E', 200)),
    () => fetch(`${server.url}/scores/${id}`, { method: 'DELETE' }),
    () => fetch(`${server.url}/scores/${id}`),
    () => server.put('not a name', smallScore()),
  ];
  await requests[i % requests.length]?.();
}

/** Sends half of an upload and disconnects. */
async function abortUpload(server: FixtureServer, id: string, body: string): Promise<void> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`PUT /scores/${id} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`);
  const half = body.slice(0, body.length / 2);
  await new Promise<void>((sent) => socket.write(half, () => sent()));
  socket.destroy();
}

async function resourcesInUse(server: FixtureServer): Promise<string> {
  const metrics = await (await fetch(`${server.healthUrl}/metrics`)).text();
  const names = inUse.filter(
    (name) => !new RegExp(`^encore_server_${name}\\{[^}]*\\} 0$|^encore_server_${name} 0$`, 'm').test(metrics),
  );
  return names.join(' ');
}
