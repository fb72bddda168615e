/**
 * Malformed and hostile HTTP requests, sent to a real port. After each one, a normal user is
 * served.
 *
 * Where each kind of hostile input is tested, here or in packages/music:
 *
 * | input | test |
 * | --- | --- |
 * | XML: entities, depth, attributes, CDATA | import-score.test.ts, hostile-scores.test.ts |
 * | ZIP bombs | mxl-archive.test.ts, hostile-scores.test.ts |
 * | large bodies, gzip bombs | here, hostile-scores.test.ts, scores-routes.test.ts |
 * | slow heads, bodies and reads | slow-clients.test.ts |
 * | malformed MIDI, RIFF | midi.test.ts, hostile-scores.test.ts |
 * | paths | scores-routes.test.ts, main.test.ts |
 * | JSON, prototypes, MCP messages | mcp/mcp, mcp/json-message, mcp/hostile-messages (.test.ts) |
 * | pipelining, lengths, chunks, heads, methods, early ends | here |
 * | settings | main.test.ts |
 */
import assert from 'node:assert/strict';
import { serverErrorSchema } from '@encore/contracts';
import { waitUntil } from '@encore/kit';
import { after, afterEach, before, describe, it } from 'mocha';
import { startPostgres, type TestPostgres } from '../../../../test/support/postgres.ts';
import { type FixtureServer, smallScore, startFixtureServer } from '../testing/fixture-server.ts';
import { RawConnection } from '../testing/raw-connection.ts';

const host = 'Host: 127.0.0.1\r\n';
const put = (id: string, headers: string, rest = ''): string =>
  `PUT /scores/${id} HTTP/1.1\r\n${host}${headers}\r\n${rest}`;
const get = (path: string, headers = host): string => `GET ${path} HTTP/1.1\r\n${headers}\r\n`;

describe('hostile HTTP', function () {
  this.timeout(60_000);
  let postgres: TestPostgres;
  let server: FixtureServer;
  let served = 0;
  before(async () => {
    postgres = await startPostgres();
    server = await startFixtureServer(postgres.url);
    await server.ready();
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
  });
  afterEach('the next user is served', async () => {
    assert.equal((await server.put(`next-${served++}`, smallScore())).status, 201);
  });

  const open = (): RawConnection => new RawConnection(server.running.port);

  const refused: [name: string, sent: string, status: number, code: string][] = [
    ['two lengths', put('bad', 'Content-Length: 5\r\nContent-Length: 6\r\n', 'hello!'), 400, 'MALFORMED_REQUEST'],
    [
      'a length and chunks',
      put('bad', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
      400,
      'MALFORMED_REQUEST',
    ],
    ['a length that is not a number', put('bad', 'Content-Length: 1O\r\n', 'hello'), 400, 'MALFORMED_REQUEST'],
    ['a negative length', put('bad', 'Content-Length: -1\r\n', 'hello'), 400, 'MALFORMED_REQUEST'],
    ['a length beyond all limits', put('bad', 'Content-Length: 99999999999\r\n', 'hello'), 413, 'TOO_LARGE'],
    ['an unknown transfer encoding', put('bad', 'Transfer-Encoding: gzip\r\n', 'hello'), 400, 'MALFORMED_REQUEST'],
    ['an invalid chunk size', put('bad', 'Transfer-Encoding: chunked\r\n', 'zz\r\nhi\r\n'), 400, 'MALFORMED_REQUEST'],
    [
      'a chunk size of 18 digits',
      put('bad', 'Transfer-Encoding: chunked\r\n', 'ffffffffffffffffff\r\nhi\r\n'),
      400,
      'MALFORMED_REQUEST',
    ],
    [
      'a chunk longer than its size',
      put('bad', 'Transfer-Encoding: chunked\r\n', '2\r\nhello\r\n'),
      400,
      'MALFORMED_REQUEST',
    ],
    [
      'a chunk extension of 20 KB',
      put('bad', 'Transfer-Encoding: chunked\r\n', `5;${'x'.repeat(20_000)}\r\nhello\r\n`),
      413,
      'TOO_LARGE',
    ],
    ['a header of 20 KB', get('/scores', `${host}X: ${'x'.repeat(20_000)}\r\n`), 431, 'TOO_LARGE'],
    ['a URL of 20 KB', get(`/${'x'.repeat(20_000)}`), 431, 'TOO_LARGE'],
    [
      '2000 headers',
      get('/scores', host + Array.from({ length: 2_000 }, (_, i) => `X${i}: y\r\n`).join('')),
      431,
      'TOO_LARGE',
    ],
    ['a folded header', get('/scores', `${host}X: a\r\n b\r\n`), 400, 'MALFORMED_REQUEST'],
    ['a zero byte in a header', get('/scores', `${host}X: a\0b\r\n`), 400, 'MALFORMED_REQUEST'],
    ['an unknown method', `FOO /scores HTTP/1.1\r\n${host}\r\n`, 400, 'MALFORMED_REQUEST'],
    ['an unsupported method', `PROPFIND /scores HTTP/1.1\r\n${host}\r\n`, 404, 'NOT_FOUND'],
    ['CONNECT', `CONNECT example.com:443 HTTP/1.1\r\n${host}\r\n`, 405, 'METHOD_NOT_ALLOWED'],
    ['an unknown version of HTTP', `GET /scores HTTP/9.9\r\n${host}\r\n`, 400, 'MALFORMED_REQUEST'],
    ['a TLS handshake', '\u0016\u0003\u0001\u0002\0\u0001\0\r\n\r\n', 400, 'MALFORMED_REQUEST'],
    ['no host', get('/scores', ''), 400, 'INVALID_INPUT'],
    ['two hosts', get('/scores', `${host}Host: evil.example\r\n`), 400, 'INVALID_INPUT'],
    ['an unknown host', get('/scores', 'Host: evil.example\r\n'), 403, 'FORBIDDEN_HOST'],
    ['an unknown expectation', put('bad', 'Expect: a miracle\r\nContent-Length: 5\r\n'), 417, 'UNKNOWN_EXPECTATION'],
  ];
  for (const [name, sent, status, code] of refused) {
    it(`${name}: ${status} ${code}`, async () => {
      using connection = open();
      connection.send(Buffer.from(sent, 'latin1'));
      const [answer] = await connection.receive();
      assert.equal(answer?.status, status);
      assert.deepEqual(serverErrorSchema.parse(JSON.parse(answer.body)).error.code, code);
      assert.equal((await fetch(`${server.url}/scores/bad`)).status, 404, 'nothing was stored');
    });
  }

  it('answers 1000 pipelined requests in order', async () => {
    using connection = open();
    connection.send(Array.from({ length: 1_000 }, (_, i) => get(`/scores/mine-${i}`)).join(''));
    const responses = await connection.receive(1_000, 30_000);
    assert.equal(responses.length, 1_000);
    let echoed = 0;
    for (const [i, { status, body }] of responses.entries()) {
      assert.ok(status === 404 || status === 503, `${status} ${body}`);
      if (status === 503) continue;
      assert.match(body, new RegExp(`mine-${i}[^0-9]`));
      echoed++;
    }
    assert.ok(echoed >= 64, `only ${echoed} requests were served`);
  });

  it('does not report a write as refused when garbage follows it', async () => {
    using connection = open();
    const body = smallScore('C', 20_000);
    connection.send(put('followed', `Content-Length: ${body.length}\r\n`, body), 'garbage\r\n\r\n');
    await connection.untilClosed();
    for (const { status } of connection.responses) assert.equal(status, 201);
  });

  it('sends 100 Continue for a valid body, and refuses a large one before it is sent', async () => {
    using accepted = open();
    const body = smallScore('D');
    accepted.send(put('expected', `Expect: 100-continue\r\nContent-Length: ${body.length}\r\n`));
    assert.equal((await accepted.receive())[0]?.status, 100);
    accepted.send(body);
    assert.equal((await accepted.receive(2))[1]?.status, 201);
    using tooLarge = open();
    tooLarge.send(put('too-large', 'Expect: 100-continue\r\nContent-Length: 99999999\r\n'));
    const responses = await tooLarge.receive(2);
    assert.equal(responses.at(-1)?.status, 413);
  });

  it('ignores or refuses bytes beyond the Content-Length', async () => {
    using connection = open();
    const body = smallScore('E');
    connection.send(put('lying', `Content-Length: ${body.length}\r\n`, `${body}and more`));
    await connection.untilClosed();
    const stored = await fetch(`${server.url}/scores/lying`);
    if (stored.status === 200) assert.equal(await stored.text(), body);
    else assert.equal(stored.status, 404);
  });

  it('does not store a body that ends before its Content-Length', async () => {
    const body = smallScore('F');
    using half = open();
    half.send(put('cut', `Content-Length: ${body.length}\r\n`, body.slice(0, -10)));
    half.socket.end();
    await half.untilClosed();
    for (const { status } of half.responses) assert.equal(status, 400);
    for (let i = 0; i < 50; i++) {
      using whole = open();
      whole.send(put('cut', `Content-Length: ${body.length}\r\n`, body.slice(0, -10)));
      await waitUntil('the bytes to leave', () => whole.socket.bytesWritten > body.length, { timeoutMs: 5_000 });
      whole.socket.resetAndDestroy();
    }
    const metrics = async () => (await fetch(`${server.healthUrl}/metrics`)).text();
    await waitUntil('all requests to end', async () => /encore_server_active_requests\S* 0\n/.test(await metrics()), {
      timeoutMs: 5_000,
    });
    assert.equal((await fetch(`${server.url}/scores/cut`)).status, 404);
  });

  it('ignores the host in an absolute URL', async () => {
    using connection = open();
    connection.send(get('http://evil.example/scores/nobody'));
    assert.equal((await connection.receive())[0]?.status, 404);
  });

  it('limits how much of the request an error quotes', async () => {
    const keys = Array.from({ length: 900 }, (_, i) => [`key${i}${'x'.repeat(1_000)}`, i]);
    const answer = await server.call('score_info', Object.fromEntries(keys));
    assert.equal(answer.code, 'INVALID_INPUT');
    assert.ok(JSON.stringify(answer.content).length < 3_000);
  });
});
