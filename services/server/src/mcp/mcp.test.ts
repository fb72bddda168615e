import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rpcRefusalSchema } from '@encore/contracts/server-api';
import { Client, type JsonSchemaType, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv';
import { after, before, describe, it } from 'mocha';
import pg from 'pg';
import { startPostgres, type TestPostgres } from '../../../../test/support/postgres.ts';
import { type FixtureServer, smallScore, startFixtureServer } from '../testing/fixture-server.ts';

const eras = [
  { name: '2025-11-25', mode: 'legacy' as const },
  { name: '2026-07-28', mode: { pin: '2026-07-28' } },
];

describe('MCP', function () {
  this.timeout(60_000);
  let postgres: TestPostgres;
  let server: FixtureServer;
  before(async () => {
    postgres = await startPostgres();
    server = await startFixtureServer(postgres.url, { max_message_size: 1024 * 1024 });
    await server.ready();
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
  });

  for (const { name, mode } of eras) {
    describe(`with a client of ${name}`, () => {
      let client: Client;
      const id = `era-${name}`;
      before(async () => {
        client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
        await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`)));
      });
      after(() => client.close());

      const call = async (tool: string, args: Record<string, unknown>) => {
        const { structuredContent, isError } = await client.callTool({ name: tool, arguments: args });
        return { isError: isError === true, ...(structuredContent as Record<string, unknown>) } as Record<
          string,
          unknown
        > & { isError: boolean; error?: { code: string; definite: boolean } };
      };

      it('lists its tools with input and output schemas', async () => {
        const { tools } = await client.listTools();
        assert.ok(tools.length >= 13);
        for (const { name: tool, description, inputSchema, outputSchema } of tools) {
          assert.match(tool, /^[a-z_]+$/);
          assert.ok(description && inputSchema.type === 'object' && outputSchema?.['type'] === 'object', tool);
        }
      });

      it('imports, analyzes, exports and deletes with results that match their schemas', async () => {
        const imported = await call('import_score', { score_id: id, content: smallScore('G', 4) });
        assert.deepEqual([imported['version'], imported['measures'], imported['notes']], [1, 4, 4]);
        const key = await call('key_analysis', { score_id: id });
        assert.deepEqual([key.isError, key['version']], [false, 1]);
        const exported = await call('export_score', { score_id: id });
        assert.match(String(exported['content']), /<score-partwise/);
        const again = await call('import_score', { score_id: `${id}-copy`, content: exported['content'] });
        assert.equal(again['notes'], 4);
        const { resources } = await client.listResources();
        assert.ok(resources.some(({ uri }) => uri === `score:///${id}`));
        const { contents } = await client.readResource({ uri: `score:///${id}` });
        assert.equal((contents[0] as { text: string }).text, smallScore('G', 4));
        assert.equal((await call('delete_score', { score_id: id }))['deleted'], true);
        assert.equal((await call('delete_score', { score_id: id }))['deleted'], false);
        await assert.rejects(client.readResource({ uri: `score:///${id}` }), /there is no score/);
      });

      it('runs every analysis in pages on the reported version', async () => {
        const score_id = `${id}-analysis`;
        await call('import_score', { score_id, content: smallScore('E', 30) });
        const info = await call('score_info', { score_id });
        assert.equal((info['outline'] as { measures: number }).measures, 30);
        for (const tool of ['chord_analysis', 'harmony_analysis', 'voice_leading', 'pattern_recognition']) {
          const answer = await call(tool, { score_id, limit: 2 });
          assert.deepEqual([tool, answer.isError, answer['version']], [tool, false, 1]);
        }
        const { chords, next } = await call('chord_analysis', { score_id, limit: 2 });
        assert.deepEqual([(chords as unknown[]).length, next], [2, 2]);
        const moved = await call('transpose', { score_id, new_score_id: `${score_id}-up`, interval: 'M2' });
        assert.deepEqual([moved.isError, moved['version']], [false, 1]);
        const json = await call('export_score', { score_id: `${score_id}-up`, format: 'json' });
        assert.match(String(json['content']), /"step":"F","alter_cents":100/);
        assert.equal((await call('transpose', { score_id, new_score_id: score_id, interval: 'P5' }))['version'], 2);
        const taken = await call('transpose', { score_id, new_score_id: `${score_id}-up`, interval: 'P5' });
        assert.equal(taken.error?.code, 'ALREADY_EXISTS');
      });

      it('imports MIDI as base64 and refuses invalid base64', async () => {
        const midi = Buffer.from('4d546864000000060000000100604d54726b0000000c00903c4060803c4000ff2f00', 'hex');
        const sent = { score_id: `${id}-midi`, content: midi.toString('base64'), encoding: 'base64' };
        const imported = await call('import_score', sent);
        assert.deepEqual([imported['format'], imported['notes']], ['midi', 1]);
        const broken = await call('import_score', { ...sent, content: 'no base 64!' });
        assert.equal(broken.error?.code, 'INVALID_INPUT');
      });

      it('reports failures as results with code and definite', async () => {
        const rows: [string, Record<string, unknown>, string][] = [
          ['key_analysis', { score_id: 'nobody' }, 'NOT_FOUND'],
          ['key_analysis', { score_id: '../etc/passwd' }, 'INVALID_INPUT'],
          ['key_analysis', { score_id: 'nobody', profile: 'best' }, 'INVALID_INPUT'],
          ['key_analysis', { score_id: 'nobody', surprise: true }, 'INVALID_INPUT'],
          ['import_score', { score_id: `${id}-bad`, content: 'C4 D4' }, 'UNSUPPORTED_FORMAT'],
          ['import_score', { score_id: `${id}-bad`, content: '<score-partwise><x' }, 'MALFORMED_SCORE'],
          [
            'import_score',
            { score_id: `${id}-bad`, content: smallScore().replace('>A<', '>\ud800<') },
            'INVALID_INPUT',
          ],
          ['import_score', { score_id: `${id}-bad` }, 'INVALID_INPUT'],
        ];
        for (const [tool, args, code] of rows) {
          const { isError, error } = await call(tool, args);
          assert.deepEqual([tool, isError, error?.code, error?.definite], [tool, true, code, true]);
        }
        assert.equal((await fetch(`${server.url}/scores/${id}-bad`)).status, 404);
        await assert.rejects(client.callTool({ name: 'no_such_tool', arguments: {} }), /there is no tool/);
      });

      it('returns error results that match the output schema of every tool', async () => {
        const validators = new AjvJsonSchemaValidator();
        for (const { name: tool, outputSchema } of (await client.listTools()).tools) {
          const validate = validators.getValidator({ ...outputSchema } as JsonSchemaType);
          const { isError, content, structuredContent } = await client.callTool({ name: tool, arguments: { odd: 1 } });
          assert.equal(isError, true, tool);
          assert.match((content[0] as { text: string }).text, /"INVALID_INPUT".*odd/);
          const checked = validate(structuredContent);
          assert.ok(checked.valid, `${tool}: ${checked.errorMessage}`);
          assert.equal(validate({}).valid, false, `${tool}: neither an output nor an error`);
          assert.equal(validate({ error: { code: 1 } }).valid, false, `${tool}: an error without a message`);
        }
      });

      it('calls a tool without arguments', async () => {
        for (const tool of ['health_check', 'list_scores']) {
          assert.equal((await client.callTool({ name: tool })).isError ?? false, false, tool);
        }
      });

      it('refuses an invalid cursor', async () => {
        const refusal = { code: -32_602, message: /the cursor is invalid: pass the nextCursor/ };
        for (const cursor of ['\u0000', 'a b', '../x', 'x'.repeat(65)]) {
          await assert.rejects(client.request({ method: 'resources/list', params: { cursor } }), refusal);
        }
        for (const method of ['tools/list', 'prompts/list', 'resources/templates/list'] as const) {
          await assert.rejects(client.request({ method, params: { cursor: 'x' } }), refusal, method);
        }
        for (const input of [{ after: '\u0000' }, { prefix: 'a\u0000' }]) {
          assert.equal((await call('list_scores', input)).error?.code, 'INVALID_INPUT');
        }
      });

      it('offers prompts', async () => {
        const { prompts } = await client.listPrompts();
        const { messages } = await client.getPrompt({
          name: prompts[0]?.name ?? '',
          arguments: { score_id: 'x' },
        });
        assert.match(JSON.stringify(messages), /score x/);
        await assert.rejects(client.getPrompt({ name: 'missing' }), /name: there is no such prompt/);
      });
    });
  }

  it('imports once per key, even concurrently', async () => {
    const args = { score_id: 'keyed', content: smallScore('A'), idempotency_key: 'keyed-00001' };
    const answers = await Promise.all(Array.from({ length: 6 }, () => server.call('import_score', args)));
    assert.deepEqual([...new Set(answers.map(({ content }) => content['version']))], [1]);
    const other = await server.call('import_score', { ...args, content: smallScore('B') });
    assert.equal(other.code, 'IDEMPOTENCY_MISMATCH');
  });

  it('refuses a request with a JSON-RPC error that clients can show', async () => {
    const options = { max_message_size: 1024 * 1024, rate_limit: { client_per_second: 1, burst_seconds: 3 } };
    await using small = await startFixtureServer(postgres.url, options);
    await small.ready();
    const send = (headers: Record<string, string>, body: string) => {
      const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
      return fetch(`${small.url}/mcp`, { method: 'POST', headers: { ...json, ...headers }, body });
    };
    const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
    const limited = { 'x-client-id': 'one' };
    const crowd = await Promise.all(Array.from({ length: 30 }, () => send(limited, ping)));
    const rows: [number, number, string, Response | undefined][] = [
      [429, -32_000, 'RATE_LIMITED', crowd.find(({ status }) => status !== 200)],
      [413, -32_600, 'TOO_LARGE', await send({}, `{"pad":"${'x'.repeat(1_100_000)}"}`)],
      [403, -32_600, 'FORBIDDEN_HOST', await send({ origin: 'http://elsewhere.test' }, ping)],
      [415, -32_600, 'UNSUPPORTED_ENCODING', await send({ 'content-encoding': 'br' }, ping)],
    ];
    for (const [status, code, name, answer] of rows) {
      assert.ok(answer, name);
      const { jsonrpc, id, error } = rpcRefusalSchema.parse(await answer.json());
      assert.deepEqual([answer.status, jsonrpc, id, error.code, error.data.code], [status, '2.0', null, code, name]);
    }
    const client = new Client({ name: 'test', version: '1' });
    const requestInit = { headers: { origin: 'http://elsewhere.test' } };
    const transport = new StreamableHTTPClientTransport(new URL(`${small.url}/mcp`), { requestInit });
    await assert.rejects(client.connect(transport), /host not allowed in the Origin header/);
  });

  it('answers hostile messages with a protocol error and keeps serving', async () => {
    const before = Object.getOwnPropertyNames(Object.prototype).join();
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const call = (args: string) =>
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"score_info","arguments":${args}}}`;
    const rows: [string, number[]][] = [
      ['{', [400]],
      ['', [400]],
      ['null', [400]],
      ['42', [400]],
      [deep, [400, 500]],
      ['[]', [400]],
      ['{"jsonrpc":"1.0","id":1,"method":"ping"}', [400]],
      ['{"jsonrpc":"2.0","id":{},"method":"ping"}', [400]],
      ['{"jsonrpc":"2.0","id":1,"method":"__proto__"}', [200, 404]],
      [call('{"__proto__":{"polluted":1},"score_id":"x"}'), [200]],
      [call('{"constructor":{"prototype":{"polluted":1}},"score_id":"x"}'), [200]],
      [call(`{"score_id":${deep}}`), [200, 400]],
      [call(`{"score_id":"x","score_id":"${'y'.repeat(500_000)}"}`), [200]],
      [call('{"score_id":"\\ud800\\u0000"}'), [200]],
      [`{"pad":"${'x'.repeat(1_100_000)}"}`, [413]],
    ];
    for (const [body, statuses] of rows) {
      const response = await fetch(`${server.url}/mcp`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      });
      const text = await response.text();
      assert.ok(
        statuses.includes(response.status),
        `${body.slice(0, 80)} gave ${response.status} ${text.slice(0, 200)}`,
      );
      if (response.status === 200) assert.match(text, /"isError":true|"error":/, body.slice(0, 80));
    }
    assert.equal(Object.getOwnPropertyNames(Object.prototype).join(), before);
    assert.equal((await fetch(`${server.url}/mcp`, { method: 'GET' })).status, 405);
    const plain = await fetch(`${server.url}/mcp`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'text/plain' },
    });
    assert.equal(plain.status, 415);
    assert.equal((await server.call('health_check', {})).content['status'], 'healthy');
  });

  it('opens only the breaker of the failing tool', async () => {
    await using small = await startFixtureServer(postgres.url, { breaker: { failures: 3, open_seconds: 3_600 } });
    await small.ready();
    await small.put('damaged', smallScore('D', 2));
    const database = new pg.Client(postgres.url);
    await database.connect();
    await database.query(`update score_chunks c set data = set_byte(data, 100, get_byte(data, 100) # 1) from scores s
      where s.content_id = c.content_id and s.id = 'damaged'`);
    await database.end();
    for (let i = 0; i < 3; i++) {
      assert.equal((await small.call('key_analysis', { score_id: 'damaged' })).code, 'CORRUPT');
    }
    assert.equal((await small.call('key_analysis', { score_id: 'nobody' })).code, 'BREAKER_OPEN');
    assert.equal((await small.call('score_info', { score_id: 'nobody' })).code, 'NOT_FOUND');
    const health = (await (await fetch(`${small.healthUrl}/health/detailed`)).json()) as {
      status: string;
      circuit_breakers: Record<string, { state: string }>;
    };
    assert.equal(health.status, 'degraded');
    const open = Object.entries(health.circuit_breakers).filter(([, { state }]) => state === 'open');
    assert.deepEqual(
      open.map(([breaker]) => breaker),
      ['tool_KeyAnalysis'],
    );
    const metrics = await (await fetch(`${small.healthUrl}/metrics`)).text();
    const states = [...metrics.matchAll(/encore_server_breaker_state\{[^}]*breaker="(\w+)"[^}]*\} ([12])/g)];
    assert.deepEqual(
      states.map(([, breaker, state]) => [breaker, state]),
      [['key_analysis', '2']],
    );
  });

  it('imports a real song', async function () {
    const corpus = process.env['ENCORE_CORPUS'];
    if (!corpus) return this.skip();
    const song = readFileSync(join(corpus, 'scores/lang-josephine-6-lieder-op-10-6-abschied.mxl'));
    const sent = { score_id: 'song', content: song.toString('base64'), encoding: 'base64' };
    const { isError, content } = await server.call('import_score', sent);
    assert.deepEqual([isError, content['format']], [false, 'mxl']);
  });
});
