/**
 * Malformed, numerous and cancelled MCP messages: each gets a protocol response and leaves nothing
 * behind.
 */
import assert from 'node:assert/strict';
import { waitUntil } from '@encore/kit';
import { after, afterEach, before, describe, it } from 'mocha';
import { startPostgres, type TestPostgres } from '../../../../test/support/postgres.ts';
import { type FixtureServer, smallScore, startFixtureServer } from '../testing/fixture-server.ts';

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

describe('hostile MCP messages', function () {
  this.timeout(60_000);
  let postgres: TestPostgres;
  let server: FixtureServer;
  before(async () => {
    postgres = await startPostgres();
    server = await startFixtureServer(postgres.url);
    await server.ready();
    await server.put('target', smallScore('C', 2_000));
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
  });
  afterEach('nothing is left running, and the next user is served', async () => {
    const metrics = async () => (await fetch(`${server.healthUrl}/metrics`)).text();
    await waitUntil('all requests to end', async () => /encore_server_active_requests\S* 0\n/.test(await metrics()), {
      timeoutMs: 10_000,
    });
    assert.equal((await server.call('key_analysis', { score_id: 'target' })).code, null);
  });

  function post(message: unknown, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
    return fetch(`${server.url}/mcp`, {
      method: 'POST',
      body: JSON.stringify(message),
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
      ...(signal && { signal }),
    });
  }

  const rows: [name: string, message: unknown, headers: Record<string, string>, status: number, code: number][] = [
    ['an id that is null', { ...ping, id: null }, {}, 400, -32_600],
    ['an id that is not an integer', { ...ping, id: 1.5 }, {}, 400, -32_600],
    ['an id that is an object', { ...ping, id: {} }, {}, 400, -32_600],
    ['an unknown method', { ...ping, method: 'no/such' }, {}, 200, -32_601],
    ['an unknown revision', ping, { 'mcp-protocol-version': '1999-01-01' }, 400, -32_000],
    ['a name that is not a string', { ...ping, method: 'tools/call', params: { name: 7 } }, {}, 200, -32_602],
    [
      'arguments that are an array',
      { ...ping, method: 'tools/call', params: { name: 'score_info', arguments: [1] } },
      {},
      200,
      -32_602,
    ],
    [
      'a header with another method than the message',
      { ...ping, method: 'tools/list', params: { _meta: envelope } },
      { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' },
      400,
      -32_020,
    ],
    ['a batch of 600 messages', Array.from({ length: 600 }, (_, id) => ({ ...ping, id })), {}, 400, -32_700],
  ];
  for (const [name, message, headers, status, code] of rows) {
    it(`${name}: ${status}, ${code}`, async () => {
      const response = await post(message, headers);
      const text = await response.text();
      assert.deepEqual([response.status, Number(/"code":(-\d+)/.exec(text)?.[1])], [status, code], text);
    });
  }

  const invalid: [method: string, params: Record<string, unknown>][] = [
    ...['resources/list', 'resources/templates/list', 'tools/list', 'prompts/list'].flatMap((method) =>
      [7, null, ['a'], {}, '\u0000'].map((cursor): [string, Record<string, unknown>] => [method, { cursor }]),
    ),
    ['resources/read', {}],
    ['resources/read', { uri: 7 }],
    ['resources/read', { uri: 'score:///\u0000' }],
    ['prompts/get', {}],
    ['prompts/get', { name: ['describe_score'], arguments: { score_id: 'target' } }],
    ['prompts/get', { name: 'toString', arguments: { score_id: 'target' } }],
    ['prompts/get', { name: 'describe_score' }],
    ['prompts/get', { name: 'describe_score', arguments: [] }],
    ['prompts/get', { name: 'describe_score', arguments: { score_id: 7 } }],
    ['tools/call', { arguments: {} }],
    ['tools/call', { name: 'toString' }],
    ['tools/call', { name: 'score_info', arguments: 'target' }],
    ['tools/call', { name: 'score_info', arguments: null }],
  ];
  for (const [method, params] of invalid) {
    it(`refuses ${method} with ${JSON.stringify(params)} as invalid parameters`, async () => {
      const modern = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method };
      const name = params['name'] ?? params['uri'];
      const named = typeof name === 'string' && !name.includes('\u0000') ? { 'mcp-name': name } : {};
      const answers = [
        post({ ...ping, method, params }),
        post({ ...ping, method, params: { ...params, _meta: envelope } }, { ...modern, ...named }),
      ];
      for (const answer of await Promise.all(answers)) assert.match(await answer.text(), /"code":-32(602|020),/);
    });
  }

  const clientInfo = { name: 'test', version: '1' };
  const oneLine: [method: string, params?: Record<string, unknown>][] = [
    ['initialize'],
    ['initialize', {}],
    ['initialize', { protocolVersion: 20251125, capabilities: {}, clientInfo }],
    ['initialize', { protocolVersion: '2025-11-25', capabilities: [], clientInfo }],
    ['initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: 'test' }],
    ['tools/call'],
    ['resources/read'],
    ['prompts/get'],
  ];
  for (const [method, params] of oneLine) {
    it(`refuses ${method} with ${JSON.stringify(params) ?? 'no parameters'} in one line`, async () => {
      const text = await (await post({ ...ping, method, params })).text();
      assert.match(text, /"code":-32602,"message":"Invalid params for [^[\\]*(must be|expected string)/);
    });
  }

  for (const params of [null, ['a'], 'a', { _meta: 7 }, { _meta: { progressToken: {} } }]) {
    it(`refuses the parameters ${JSON.stringify(params)} of any method`, async () => {
      for (const method of ['ping', 'tools/list', 'tools/call', 'initialize', 'no/such']) {
        const answer = await post({ ...ping, method, params });
        assert.match(await answer.text(), /"id":1,"error":\{"code":-32602,"message":"Invalid params for .* must be/);
      }
    });
  }

  it('returns an id of 100 000 characters unchanged', async () => {
    const id = 'x'.repeat(100_000);
    assert.ok((await (await post({ ...ping, id })).text()).includes(`"${id}"`));
  });

  it('answers two concurrent calls with the same id', async () => {
    const call = (score_id: string) =>
      post({ ...ping, method: 'tools/call', params: { name: 'score_info', arguments: { score_id } } });
    const [first, second] = await Promise.all([call('target'), call('nobody')]);
    assert.match(await first.text(), /"score_id":"target"/);
    assert.match(await second.text(), /there is no score/);
  });

  it('keeps no session for clients that initialize and disappear', async () => {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    for (let round = 0; round < 10; round++) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => post({ ...ping, method: 'initialize', params })),
      );
      for (const answer of answers) {
        assert.deepEqual([answer.status, answer.headers.get('mcp-session-id')], [200, null]);
        await answer.text();
      }
    }
  });

  it('serves others while subscriptions are open and unread', async () => {
    const params = { _meta: envelope, notifications: { toolsListChanged: true, resourcesListChanged: true } };
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' };
    const stop = new AbortController();
    const opened = Array.from({ length: 100 }, () =>
      post({ ...ping, method: 'subscriptions/listen', params }, headers, stop.signal).then(({ status }) => status),
    );
    for (const status of await Promise.all(opened)) assert.equal(status, 200);
    assert.equal((await server.call('score_info', { score_id: 'target' })).isError, false);
    stop.abort();
  });

  it('stops the work of 100 cancelled calls', async () => {
    const call = { ...ping, method: 'tools/call' };
    const params = { name: 'pattern_recognition', arguments: { score_id: 'target' } };
    const cancelled = Array.from({ length: 100 }, async (_, i) => {
      const stop = new AbortController();
      const answer = post({ ...call, params }, {}, stop.signal);
      setTimeout(() => stop.abort(), i % 20);
      return answer.then(
        (response) => response.status,
        (error: Error) => error.name,
      );
    });
    assert.ok((await Promise.all(cancelled)).includes('AbortError'));
  });
});
