import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type StoredScore, serverErrorSchema, storedScoreSchema } from '@encore/contracts';
import { after, before, describe, it } from 'mocha';
import pg from 'pg';
import { startPostgres, type TestPostgres } from '../../../../test/support/postgres.ts';
import { type FixtureServer, smallScore, startFixtureServer, type ToolCallResult } from '../testing/fixture-server.ts';

const stored = async (response: Response): Promise<StoredScore> => storedScoreSchema.parse(await response.json());
const codeOf = async (response: Response): Promise<string> => {
  const { error } = serverErrorSchema.parse(await response.json());
  assert.equal(error.definite, true);
  return error.code;
};

const measuresOf = ({ content }: ToolCallResult): number => (content['outline'] as { measures: number }).measures;

describe('scores over HTTP', function () {
  this.timeout(60_000);
  let postgres: TestPostgres;
  let server: FixtureServer;
  let database: pg.Client;
  before(async () => {
    postgres = await startPostgres();
    server = await startFixtureServer(postgres.url, { max_request_size: 20 * 1024 * 1024 });
    await server.ready();
    database = new pg.Client(postgres.url);
    await database.connect();
  });
  after(async () => {
    await database.end();
    await server[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
  });

  it('returns the stored bytes with version, length and hash', async () => {
    const body = smallScore('C');
    const created = await server.put('roundtrip', body, { 'idempotency-key': 'roundtrip-1' });
    assert.equal(created.status, 201);
    const score = await stored(created);
    assert.deepEqual(
      { ...score, sha256: undefined },
      { id: 'roundtrip', version: 1, bytes: body.length, format: 'musicxml', replayed: false, sha256: undefined },
    );
    assert.equal(score.sha256, createHash('sha256').update(body).digest('hex'));
    const read = await fetch(`${server.url}/scores/roundtrip`);
    assert.equal(await read.text(), body);
    assert.equal(read.headers.get('etag'), '"1"');
    assert.equal(read.headers.get('digest-sha256'), score.sha256);
  });

  it('stores one score per key and refuses the key for other requests', async () => {
    const headers = { 'idempotency-key': 'once-00001' };
    const answers = await Promise.all(Array.from({ length: 8 }, () => server.put('once', smallScore('D'), headers)));
    const scores = await Promise.all(answers.map(stored));
    assert.equal(scores.filter(({ replayed }) => !replayed).length, 1);
    assert.deepEqual([...new Set(scores.map(({ version }) => version))], [1]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 200, 200, 200, 200, 200, 201]);
    assert.equal(await codeOf(await server.put('once', smallScore('E'), headers)), 'IDEMPOTENCY_MISMATCH');
    assert.equal(await codeOf(await server.put('other', smallScore('D'), headers)), 'IDEMPOTENCY_MISMATCH');
    assert.equal((await fetch(`${server.url}/scores/other`)).status, 404);
  });

  it('replaces only the given version, and distinguishes a repeated write from a conflict', async () => {
    await server.put('replaced', smallScore('C'), { 'idempotency-key': 'replace-01' });
    assert.equal((await server.put('replaced', smallScore('D'))).status, 409);
    const headers = { 'if-match': '"1"', 'idempotency-key': 'replace-02' };
    assert.equal((await stored(await server.put('replaced', smallScore('D'), headers))).version, 2);
    const again = await stored(await server.put('replaced', smallScore('D'), headers));
    assert.deepEqual([again.version, again.replayed], [2, true]);
    const late = await server.put('replaced', smallScore('E'), { 'if-match': '"1"' });
    assert.deepEqual([late.status, await codeOf(late)], [412, 'VERSION_MISMATCH']);
    assert.equal((await server.put('absent', smallScore('E'), { 'if-match': '"1"' })).status, 412);
    assert.equal(await (await fetch(`${server.url}/scores/replaced`)).text(), smallScore('D'));
    const racers = await Promise.all(
      ['F', 'G', 'A', 'B'].map((step) => server.put('replaced', smallScore(step), { 'if-match': '"2"' })),
    );
    assert.deepEqual(racers.map(({ status }) => status).sort(), [200, 412, 412, 412]);
  });

  it('does not return a deleted score by any route', async () => {
    await server.put('deleted', smallScore('C'));
    assert.equal((await server.call('key_analysis', { score_id: 'deleted' })).isError, false);
    assert.equal((await fetch(`${server.url}/scores/deleted`, { method: 'DELETE' })).status, 204);
    assert.equal((await fetch(`${server.url}/scores/deleted`, { method: 'DELETE' })).status, 404);
    assert.equal((await fetch(`${server.url}/scores/deleted`)).status, 404);
    assert.equal((await server.call('key_analysis', { score_id: 'deleted' })).code, 'NOT_FOUND');
    await server.put('deleted', smallScore('G'));
    const { content } = await server.call('export_score', { score_id: 'deleted', format: 'json' });
    assert.match(String(content['content']), /"G4?"/);
  });

  it('returns results for the version that it reports', async () => {
    await server.put('versions', smallScore('C', 1));
    assert.equal(measuresOf(await server.call('score_info', { score_id: 'versions' })), 1);
    await server.put('versions', smallScore('C', 7), { 'if-match': '"1"' });
    const answer = await server.call('score_info', { score_id: 'versions' });
    assert.deepEqual([answer.content['version'], measuresOf(answer)], [2, 7]);
  });

  it('lists scores by prefix in pages', async () => {
    for (const id of ['page-a', 'page-b', 'page-c', 'pagf']) await server.put(id, smallScore());
    const list = async (query: string) => (await fetch(`${server.url}/scores?${query}`)).json();
    const first = (await list('prefix=page-&limit=2')) as { scores: StoredScore[]; next: string };
    assert.deepEqual(
      first.scores.map(({ id }) => id),
      ['page-a', 'page-b'],
    );
    const second = (await list(`prefix=page-&limit=2&after=${first.next}`)) as { scores: StoredScore[]; next: null };
    assert.deepEqual([second.scores.map(({ id }) => id), second.next], [['page-c'], null]);
  });

  it('streams a score of many chunks', async () => {
    const body = smallScore('C', 60_000);
    assert.ok(body.length > 5_000_000);
    assert.equal((await server.put('large', body)).status, 201);
    assert.ok((await (await fetch(`${server.url}/scores/large`)).text()) === body);
    assert.equal(measuresOf(await server.call('score_info', { score_id: 'large' })), 60_000);
  });

  it('limits the decompressed size of a body', async () => {
    const body = smallScore('C', 10);
    const small = await server.put('inflated', gzipSync(body), { 'content-encoding': 'gzip' });
    assert.equal((await stored(small)).bytes, body.length);
    const bomb = gzipSync(Buffer.concat([Buffer.from(body), Buffer.alloc(30 * 1024 * 1024, 0x20)]));
    assert.ok(bomb.length < 100_000);
    const refused = await server.put('bomb', bomb, { 'content-encoding': 'gzip' });
    assert.deepEqual([refused.status, await codeOf(refused)], [413, 'TOO_LARGE']);
    assert.equal((await server.put('broken', 'not gzip', { 'content-encoding': 'gzip' })).status, 400);
  });

  it('never returns bytes that do not match their hash', async () => {
    const damage = async (id: string): Promise<void> => {
      await database.query(
        `update score_chunks c set data = set_byte(data, 100, get_byte(data, 100) # 1) from scores s
         where s.content_id = c.content_id and s.id = $1 and c.seq = (select max(seq) from score_chunks where content_id = s.content_id)`,
        [id],
      );
    };
    await server.put('corrupt', smallScore('C', 5));
    await damage('corrupt');
    const response = await fetch(`${server.url}/scores/corrupt`);
    assert.deepEqual([response.status, await codeOf(response)], [500, 'CORRUPT']);
    assert.equal((await server.call('key_analysis', { score_id: 'corrupt' })).code, 'CORRUPT');
    await server.put('corrupt-large', smallScore('C', 20_000));
    await damage('corrupt-large');
    await assert.rejects(async () => (await fetch(`${server.url}/scores/corrupt-large`)).text());
    const metrics = await (await fetch(`${server.healthUrl}/metrics`)).text();
    assert.match(metrics, /encore_server_corrupt_reads_total\{service="server"\} 3/);
  });

  it('refuses an invalid request before storing anything', async () => {
    const rows: [string, RequestInit, number, string][] = [
      ['/scores/a%2Fb', { method: 'PUT', body: smallScore() }, 400, 'INVALID_INPUT'],
      ['/scores/..%2F..%2Fetc', { method: 'GET' }, 400, 'INVALID_INPUT'],
      ['/scores/%2e%2e%00', { method: 'GET' }, 400, 'INVALID_INPUT'],
      ['/scores/%', { method: 'GET' }, 400, 'INVALID_INPUT'],
      [`/scores/${'x'.repeat(65)}`, { method: 'GET' }, 400, 'INVALID_INPUT'],
      ['/scores/__proto__', { method: 'GET' }, 404, 'NOT_FOUND'],
      ['/scores?limit=0', { method: 'GET' }, 400, 'INVALID_INPUT'],
      ['/scores?prefix[a]=b', { method: 'GET' }, 400, 'INVALID_INPUT'],
      ['/nothing', { method: 'GET' }, 404, 'NOT_FOUND'],
      ['/scores/x1', { method: 'PUT', body: 'hello' }, 415, 'UNSUPPORTED_FORMAT'],
      ['/scores/x2', { method: 'PUT', body: '' }, 415, 'UNSUPPORTED_FORMAT'],
      ['/scores/x3', { method: 'PUT', body: smallScore(), headers: { 'if-match': '*' } }, 400, 'INVALID_INPUT'],
      [
        '/scores/x4',
        { method: 'PUT', body: smallScore(), headers: { 'idempotency-key': 'short' } },
        400,
        'INVALID_INPUT',
      ],
      [
        '/scores/x5',
        { method: 'PUT', body: smallScore(), headers: { 'content-encoding': 'br' } },
        415,
        'UNSUPPORTED_ENCODING',
      ],
      ['/scores', { method: 'GET', headers: { origin: 'https://evil.example' } }, 403, 'FORBIDDEN_HOST'],
    ];
    for (const [path, init, status, code] of rows) {
      const response = await fetch(server.url + path, init);
      assert.deepEqual([path, response.status, await codeOf(response)], [path, status, code]);
    }
    const { rows: remaining } = await database.query("select id from scores where id like 'x%'");
    assert.deepEqual(remaining, []);
  });
});
