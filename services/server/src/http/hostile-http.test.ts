/**
 * What clients send that is no honest request, through the real port. After each row a normal user is served at once.
 *
 * Which test covers which kind of hostile input:
 *
 * | input | test |
 * | --- | --- |
 * | XML: entities, references, depth, attributes, CDATA, encodings | music/import-score.test.ts, and hostile-scores.test.ts through the port |
 * | ZIP bombs | music/mxl-archive.test.ts, and hostile-scores.test.ts through the port |
 * | large bodies: announced, chunked, lying, gzip bomb, never ending | here, hostile-scores.test.ts, and scores-routes.test.ts |
 * | slow head, slow body, slow reading | slow-clients.test.ts |
 * | malformed MIDI, RIFF | music/midi.test.ts, and hostile-scores.test.ts through the port |
 * | paths | scores-routes.test.ts |
 * | prototypes, JSON, MCP messages | mcp/mcp.test.ts, mcp/json-message.test.ts, mcp/hostile-messages.test.ts |
 * | HTTP: pipelining, lengths, chunks, heads, methods, expectations, early ends | here |
 * | settings | main.test.ts |
 */
import assert from 'node:assert/strict';
import { serverErrorSchema } from '@encore/contracts';
import { waitUntil } from '@encore/kit';
import { after, afterEach, before, describe, it } from 'mocha';
import { startPostgres, type TestPostgres } from '../../../../test/support/postgres.ts';
import { type FixtureServer, smallScore, startFixtureServer } from '../fixture-server.ts';
import { RawConnection } from './raw-connection.ts';

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
    ['a length that is no number', put('bad', 'Content-Length: 1O\r\n', 'hello'), 400, 'MALFORMED_REQUEST'],
    ['a negative length', put('bad', 'Content-Length: -1\r\n', 'hello'), 400, 'MALFORMED_REQUEST'],
    ['a length beyond all limits', put('bad', 'Content-Length: 99999999999\r\n', 'hello'), 413, 'TOO_LARGE'],
    ['an unknown transfer encoding', put('bad', 'Transfer-Encoding: gzip\r\n', 'hello'), 400, 'MALFORMED_REQUEST'],
    [
      'a chunk size that is none',
      put('bad', 'Transfer-Encoding: chunked\r\n', 'zz\r\nhi\r\n'),
      400,
      'MALFORMED_REQUEST',
    ],
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
      'an endless extension of a chunk',
      put('bad', 'Transfer-Encoding: chunked\r\n', `5;${'x'.repeat(20_000)}\r\nhello\r\n`),
      413,
      'TOO_LARGE',
    ],
    ['a header of 20 KB', get('/scores', `${host}X: ${'x'.repeat(20_000)}\r\n`), 431, 'TOO_LARGE'],
    ['an address of 20 KB', get(`/${'x'.repeat(20_000)}`), 431, 'TOO_LARGE'],
    [
      '2000 headers',
      get('/scores', host + Array.from({ length: 2_000 }, (_, i) => `X${i}: y\r\n`).join('')),
      431,
      'TOO_LARGE',
    ],
    ['a folded header', get('/scores', `${host}X: a\r\n b\r\n`), 400, 'MALFORMED_REQUEST'],
    ['a zero byte in a header', get('/scores', `${host}X: a\0b\r\n`), 400, 'MALFORMED_REQUEST'],
    ['an unknown method', `FOO /scores HTTP/1.1\r\n${host}\r\n`, 400, 'MALFORMED_REQUEST'],
    ['a method for nothing here', `PROPFIND /scores HTTP/1.1\r\n${host}\r\n`, 404, 'NOT_FOUND'],
    ['CONNECT', `CONNECT example.com:443 HTTP/1.1\r\n${host}\r\n`, 405, 'METHOD_NOT_ALLOWED'],
    ['another version of HTTP', `GET /scores HTTP/9.9\r\n${host}\r\n`, 400, 'MALFORMED_REQUEST'],
    ['the beginning of TLS', '\u0016\u0003\u0001\u0002\0\u0001\0\r\n\r\n', 400, 'MALFORMED_REQUEST'],
    ['no host', get('/scores', ''), 400, 'INVALID_INPUT'],
    ['two hosts', get('/scores', `${host}Host: evil.example\r\n`), 400, 'INVALID_INPUT'],
    ['the host of a stranger', get('/scores', 'Host: evil.example\r\n'), 403, 'FORBIDDEN_HOST'],
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

  it('a thousand requests at once on one connection: each answer is that of its own request, in order', async () => {
    using connection = open();
    connection.send(Array.from({ length: 1_000 }, (_, i) => get(`/scores/mine-${i}`)).join(''));
    const answers = await connection.receive(1_000, 30_000);
    assert.equal(answers.length, 1_000);
    let echoed = 0;
    for (const [i, { status, body }] of answers.entries()) {
      assert.ok(status === 404 || status === 503, `${status} ${body}`);
      if (status === 503) continue;
      assert.match(body, new RegExp(`mine-${i}[^0-9]`));
      echoed++;
    }
    assert.ok(echoed >= 64, `only ${echoed} were served`);
  });

  it('a write that is followed by garbage is not called refused: the connection is cut, or the answer is its own', async () => {
    using connection = open();
    const body = smallScore('C', 20_000);
    connection.send(put('followed', `Content-Length: ${body.length}\r\n`, body), 'garbage\r\n\r\n');
    await connection.untilClosed();
    for (const { status } of connection.answers) assert.equal(status, 201);
  });

  it('asks for a body that it expects, and refuses one that is too large before it is sent', async () => {
    using welcome = open();
    const body = smallScore('D');
    welcome.send(put('expected', `Expect: 100-continue\r\nContent-Length: ${body.length}\r\n`));
    assert.equal((await welcome.receive())[0]?.status, 100);
    welcome.send(body);
    assert.equal((await welcome.receive(2))[1]?.status, 201);
    using unwelcome = open();
    unwelcome.send(put('unwelcome', 'Expect: 100-continue\r\nContent-Length: 99999999\r\n'));
    const answers = await unwelcome.receive(2);
    assert.equal(answers.at(-1)?.status, 413);
  });

  it('a body that is longer than its length is a score, and then no request', async () => {
    using connection = open();
    const body = smallScore('E');
    connection.send(put('lying', `Content-Length: ${body.length}\r\n`, `${body}and more`));
    await connection.untilClosed();
    const stored = await fetch(`${server.url}/scores/lying`);
    if (stored.status === 200) assert.equal(await stored.text(), body);
    else assert.equal(stored.status, 404);
  });

  it('a body that ends before its length, by half a connection or all of it, is not stored', async () => {
    const body = smallScore('F');
    using half = open();
    half.send(put('cut', `Content-Length: ${body.length}\r\n`, body.slice(0, -10)));
    half.socket.end();
    await half.untilClosed();
    for (const { status } of half.answers) assert.equal(status, 400);
    for (let i = 0; i < 50; i++) {
      using whole = open();
      whole.send(put('cut', `Content-Length: ${body.length}\r\n`, body.slice(0, -10)));
      await waitUntil('the bytes to leave', () => whole.socket.bytesWritten > body.length, { timeoutMs: 5_000 });
      whole.socket.resetAndDestroy();
    }
    const metrics = async () => (await fetch(`${server.healthUrl}/metrics`)).text();
    await waitUntil('all of them to end', async () => /encore_server_active_requests\S* 0\n/.test(await metrics()), {
      timeoutMs: 5_000,
    });
    assert.equal((await fetch(`${server.url}/scores/cut`)).status, 404);
  });

  it('an address that names another server changes nothing', async () => {
    using connection = open();
    connection.send(get('http://evil.example/scores/nobody'));
    assert.equal((await connection.receive())[0]?.status, 404);
  });

  it('an error quotes no more of what was sent than a reader needs', async () => {
    const keys = Array.from({ length: 900 }, (_, i) => [`key${i}${'x'.repeat(1_000)}`, i]);
    const answer = await server.call('score_info', Object.fromEntries(keys));
    assert.equal(answer.code, 'INVALID_INPUT');
    assert.ok(JSON.stringify(answer.content).length < 3_000);
  });
});
