/**
 * Checks that the route answers each tool call as the SDK's own handler does, except for invalid
 * parameters (hostile-messages.test.ts), and isolates the calls.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asEncoreError, createLogger, mcpToolCall, waitUntil } from '@encore/kit';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';
import { after, before, beforeEach, describe, it } from 'mocha';
import { sendError } from '../http/error-response.ts';
import { requestSignal } from '../http/request-signal.ts';
import { createMcpRoute } from './mcp-route.ts';
import type { McpServerFactory } from './mcp-server.ts';
import { revisions } from './plain-call.ts';

type Json = Record<string, unknown>;
interface Sent {
  headers: Record<string, string>;
  body: Json;
}

/** Calls that wait until they are released or cancelled, by name. */
const waiting = new Map<string, { signal: AbortSignal; release(): void }>();

const factory: McpServerFactory = ({ era }) => {
  const server = new Server(
    { name: 'test', version: '1' },
    { capabilities: { tools: {} }, supportedProtocolVersions: revisions[era] },
  );
  server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
    const text = String(params.arguments?.['say']);
    const progressToken = mcpReq._meta?.progressToken;
    if (progressToken !== undefined) {
      for (const progress of [1, 2])
        await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress } });
    }
    if (params.name === 'fail') throw new Error(text);
    if (params.name === 'wait') {
      await new Promise<void>((release) => waiting.set(text, { signal: mcpReq.signal, release }));
    }
    return { content: [{ type: 'text', text }] };
  });
  return server;
};

const modern = (changed: Json = {}, headers: Record<string, string> = {}): Sent => {
  const call = mcpToolCall({ client: 'test', id: 1, tool: 'echo', input: { say: 'hello' } });
  return { headers: { ...call.headers, ...headers }, body: { ...JSON.parse(call.body), ...changed } };
};
const legacy = (changed: Json = {}, headers: Record<string, string> = {}): Sent => ({
  headers: {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2025-11-25',
    ...headers,
  },
  body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { say: 'hi' } }, ...changed },
});
const without = ({ headers, body }: Sent, name: string): Sent => {
  const { [name]: _, ...rest } = headers;
  return { headers: rest, body };
};
const params = modern().body['params'] as Json & { _meta: Json };
const _meta = params['_meta'];
const asName = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`;

describe('MCP tool calls', () => {
  let http: HttpServer;
  let url: string;
  const sdk = createMcpHandler(factory);
  before(async () => {
    const route = createMcpRoute({
      factory,
      maxBytes: 1_000_000,
      stallMs: 1_000,
      logger: createLogger('test', 'silent'),
    });
    http = createServer((request, response) => {
      const signal = requestSignal(response, 10_000);
      route(request, response, signal).catch((error) => sendError(response, asEncoreError(error)));
    }).listen(0, '127.0.0.1');
    await once(http, 'listening');
    url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`;
  });
  after(() => http.close());
  beforeEach(() => waiting.clear());

  const post = ({ headers, body }: Sent, signal?: AbortSignal): Promise<Response> =>
    fetch(url, { method: 'POST', headers, body: JSON.stringify(body), ...(signal && { signal }) });
  const startWaiting = (text: string, id: string | number, stop?: AbortController): Promise<Response> =>
    post(legacy({ id, params: { name: 'wait', arguments: { say: text } } }), stop?.signal);
  const areWaiting = (...names: string[]) =>
    waitUntil('the calls to start', () => names.every((name) => waiting.has(name)), { timeoutMs: 2_000 });

  const rows: [string, Sent][] = [
    ['a call', modern()],
    ['a call with a string id', modern({ id: '1' })],
    ['a tool that fails', modern({ params: { ...params, name: 'fail' } }, { 'mcp-name': 'fail' })],
    ['an id that is null', modern({ id: null })],
    ['an id that is not an integer', modern({ id: 1.5 })],
    ['an id beyond the safe integers', modern({ id: 2 ** 60 })],
    ['JSON-RPC 1.0', modern({ jsonrpc: '1.0' })],
    ['a call that is also a response', modern({ result: {} })],
    [
      'an envelope without capabilities',
      modern({ params: { ...params, _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } } }),
    ],
    [
      'an envelope with invalid client information',
      modern({ params: { ...params, _meta: { ..._meta, 'io.modelcontextprotocol/clientInfo': 7 } } }),
    ],
    [
      'a future revision',
      modern(
        { params: { ...params, _meta: { ..._meta, 'io.modelcontextprotocol/protocolVersion': '2027-01-01' } } },
        { 'mcp-protocol-version': '2027-01-01' },
      ),
    ],
    ['a header with another revision', modern({}, { 'mcp-protocol-version': '2025-11-25' })],
    ['a header with another method', modern({}, { 'mcp-method': 'tools/list' })],
    ['a header with another name', modern({}, { 'mcp-name': 'other' })],
    ['a header with the name encoded', modern({}, { 'mcp-name': asName('echo') })],
    ['a header with another name encoded', modern({}, { 'mcp-name': asName('other') })],
    [
      'a name that looks like an encoded one',
      modern({ params: { ...params, name: asName('other') } }, { 'mcp-name': asName('other') }),
    ],
    ['no header with the revision', without(modern(), 'mcp-protocol-version')],
    ['no header with the method', without(modern(), 'mcp-method')],
    ['no header with the name', without(modern(), 'mcp-name')],
    ['no envelope under a modern header', legacy({}, { 'mcp-protocol-version': '2026-07-28' })],
    ['a content type that is not JSON', modern({}, { 'content-type': 'text/plain' })],
    ['JSON with a charset', modern({}, { 'content-type': 'application/json; charset=utf-8' })],
    ['a call of 2025-11-25', legacy()],
    ['a call without a revision', without(legacy(), 'mcp-protocol-version')],
    ['a call of an unknown revision', legacy({}, { 'mcp-protocol-version': '1999-01-01' })],
    ['a client that accepts only JSON', legacy({}, { accept: 'application/json' })],
    ['a tool that fails in 2025-11-25', legacy({ params: { name: 'fail', arguments: { say: 'no' } } })],
    ['an unknown method', legacy({ method: 'tools/calls' })],
  ];
  for (const [name, sent] of rows) {
    it(`answers like the SDK's handler: ${name}`, async () => {
      const { headers, body } = sent;
      const expected = await sdk.fetch(new Request(url, { method: 'POST', headers, body: JSON.stringify(body) }));
      assert.deepEqual(await answerOf(await post(sent)), await answerOf(expected));
    });
  }

  for (const [revision, call] of Object.entries({ '2026-07-28': modern, '2025-11-25': legacy })) {
    it(`streams requested progress before the response in ${revision}`, async () => {
      const plain = call();
      const { _meta: envelope, ...rest } = plain.body['params'] as { _meta?: Json };
      const answer = await post(
        call({ id: 'mine', params: { ...rest, _meta: { ...envelope, progressToken: 'token' } } }),
      );
      assert.equal(answer.headers.get('content-type'), 'text/event-stream');
      const messages = messagesIn(await answer.text());
      assert.deepEqual(
        messages.map(({ id, params: about }) => id ?? (about as Json)['progress']),
        [1, 2, 'mine'],
      );
      assert.ok(messages.slice(0, 2).every(({ params: about }) => (about as Json)['progressToken'] === 'token'));
    });
  }

  it('answers concurrent calls with the same id separately', async () => {
    const answers = [startWaiting('first', 1), startWaiting('second', 1), startWaiting('third', '1')];
    await areWaiting('first', 'second', 'third');
    for (const name of ['third', 'first', 'second']) waiting.get(name)?.release();
    const responses = await Promise.all(answers.map(async (answer) => (await answer).json() as Promise<Json>));
    assert.deepEqual(
      responses.map(({ id, result }) => [id, (result as { content: { text: string }[] }).content[0]?.text]),
      [
        [1, 'first'],
        [1, 'second'],
        ['1', 'third'],
      ],
    );
  });

  it('stops the work only of the client that disconnects', async () => {
    const stop = new AbortController();
    const gone = startWaiting('gone', 1, stop);
    const stays = startWaiting('stays', 1);
    await areWaiting('gone', 'stays');
    stop.abort();
    await assert.rejects(gone, { name: 'AbortError' });
    await waitUntil('the work to be aborted', () => waiting.get('gone')?.signal.aborted === true, { timeoutMs: 2_000 });
    assert.equal(waiting.get('stays')?.signal.aborted, false);
    for (const { release } of waiting.values()) release();
    assert.equal((await stays).status, 200);
  });
});

async function answerOf(response: Response): Promise<[number, Json | undefined]> {
  const text = await response.text();
  const isStream = response.headers.get('content-type') === 'text/event-stream';
  return [response.status, isStream ? messagesIn(text).at(-1) : JSON.parse(text)];
}

function messagesIn(events: string): Json[] {
  return [...events.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(String(data)) as Json);
}
