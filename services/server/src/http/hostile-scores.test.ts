/**
 * Documents built to exhaust their reader, sent to a real port. Each is refused with its error code
 * and in time, and the next user is served. The unit tests of the readers have many more.
 */
import assert from 'node:assert/strict';
import { zipSync } from 'fflate';
import { after, afterEach, before, describe, it } from 'mocha';
import { startPostgres, type TestPostgres } from '../../../../test/support/postgres.ts';
import { type FixtureServer, smallScore, startFixtureServer } from '../testing/fixture-server.ts';

const mebibyte = 1024 * 1024;
const maxUploadBytes = 10 * mebibyte;

describe('hostile scores', function () {
  this.timeout(60_000);
  let postgres: TestPostgres;
  let server: FixtureServer;
  let served = 0;
  before(async () => {
    postgres = await startPostgres();
    server = await startFixtureServer(postgres.url, { max_request_size: maxUploadBytes });
    await server.ready();
    // Load the code and start the first worker, which are not growth.
    await server.put('warm', smallScore());
    await server.call('key_analysis', { score_id: 'warm' });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
  });
  afterEach('the next user is served', async () => {
    const id = `next-${served++}`;
    assert.equal((await server.put(id, smallScore())).status, 201);
    assert.equal((await server.call('key_analysis', { score_id: id })).isError, false);
  });

  const inScore = (inside: string, before = ''): string => `${before}<score-partwise>${inside}`;
  const laughs = Array.from({ length: 30 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('');
  const midi = (track: number[], ppq: number, tracks = 1): Buffer =>
    Buffer.from([
      ...[0x4d, 0x54, 0x68, 0x64, 0, 0, 0, 6, 0, 1, tracks >> 8, tracks & 255, ppq >> 8, ppq & 255],
      ...[0x4d, 0x54, 0x72, 0x6b, 0, 0, 0, track.length, ...track],
    ]);
  const documents: [name: string, bytes: string | Uint8Array, code: string][] = [
    ['nested entities', inScore('&l30;', `<!DOCTYPE score-partwise [<!ENTITY l0 "ha">${laughs}]>`), 'MALFORMED_SCORE'],
    [
      'one large entity referenced often',
      inScore('&b;'.repeat(100_000), `<!DOCTYPE score-partwise [<!ENTITY b "${'b'.repeat(100_000)}">]>`),
      'MALFORMED_SCORE',
    ],
    [
      'an entity from a file',
      inScore('<work>&x;</work>', '<!DOCTYPE score-partwise [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
      'MALFORMED_SCORE',
    ],
    ['a million character references', inScore(`<work><work-title>${'&#65;'.repeat(1_200_000)}`), 'SCORE_TOO_LARGE'],
    ['a depth of 500 000', inScore('<a>'.repeat(500_000)), 'SCORE_TOO_LARGE'],
    [
      'a million attributes',
      inScore(`<part ${Array.from({ length: 1_000_000 }, (_, i) => `a${i.toString(36)}=""`).join(' ')}>`),
      'SCORE_TOO_LARGE',
    ],
    ['an attribute of 7 MB', inScore(`<part id="${'x'.repeat(7_000_000)}">`), 'SCORE_TOO_LARGE'],
    ['a CDATA section without end', inScore(`<![CDATA[${'x'.repeat(7_000_000)}`), 'SCORE_TOO_LARGE'],
    [
      'text that is not in its declared encoding',
      Buffer.from(smallScore().replace('>A<', '>\u00e4<'), 'latin1'),
      'MALFORMED_SCORE',
    ],
    [
      'an archive of 70 MB in 70 KB',
      zipSync({
        'META-INF/container.xml': Buffer.from(
          '<container><rootfiles><rootfile full-path="a.xml"/></rootfiles></container>',
        ),
        'a.xml': [Buffer.concat([Buffer.from(inScore('')), Buffer.alloc(70 * mebibyte, 0x20)]), { level: 9 }],
      }),
      'SCORE_TOO_LARGE',
    ],
    [
      'a MIDI file of 37 bytes with an extreme duration',
      midi([0, 0x90, 60, 64, 0xff, 0xff, 0xff, 0x7f, 0x80, 60, 0, 0, 0xff, 0x2f, 0], 1),
      'SCORE_TOO_LARGE',
    ],
    ['65 535 declared but missing tracks', midi([0, 0xff, 0x2f, 0], 96, 65_535), 'MALFORMED_SCORE'],
    ['a MIDI file without notes', midi([0, 0xff, 0x51, 3, 0, 0, 0, 0, 0xff, 0x2f, 0], 96), 'MALFORMED_SCORE'],
  ];
  for (const [name, bytes, code] of documents) {
    it(`${name}: ${code}`, async () => {
      const id = `hostile-${served}`;
      assert.equal((await server.put(id, bytes)).status, 201, 'an upload is stored without being parsed');
      const startedAt = performance.now();
      const answer = await server.call('key_analysis', { score_id: id });
      assert.equal(answer.code, code);
      assert.ok(performance.now() - startedAt < 10_000);
    });
  }

  it('stops 20 endless uploads at the size limit and keeps nothing of them', async () => {
    const before = process.memoryUsage().rss;
    const chunk = Buffer.alloc(65_536, 0x20);
    let sent = 0;
    const endless = (): ReadableStream =>
      new ReadableStream({
        pull(controller) {
          sent += chunk.length;
          controller.enqueue(chunk);
        },
      });
    const upload = async (id: string): Promise<number | null> => {
      try {
        const init = { method: 'PUT', body: endless(), duplex: 'half' as const };
        return (await fetch(`${server.url}/scores/${id}`, init)).status;
      } catch {
        // The server closed the connection while the client was still sending.
        return null;
      }
    };
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => upload(`endless-${i}`)));
    for (const status of answers) assert.ok(status === 413 || status === 503 || status === null, `${status}`);
    assert.ok(answers.includes(413));
    assert.ok(sent < 20 * 4 * maxUploadBytes, `${sent} bytes were accepted`);
    const grown = process.memoryUsage().rss - before;
    assert.ok(grown < 100 * mebibyte, `grew by ${Math.round(grown / mebibyte)} MB`);
    const { scores } = (await (await fetch(`${server.url}/scores?prefix=endless`)).json()) as { scores: unknown[] };
    assert.deepEqual(scores, []);
    const metrics = await (await fetch(`${server.healthUrl}/metrics`)).text();
    assert.match(metrics, /encore_server_spool_bytes\S* 0\n/);
  });
});
