/** The MCP client against servers of the official SDK, with and without sessions. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { McpClient, type User } from '@encore/workload';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { afterEach, describe, it } from 'mocha';
import { Pool } from 'undici';
import { z } from 'zod';
import { testOperation, testTransport } from '../testing/test-operation.ts';
import type { AttemptRecord } from './step.ts';

type AnyUser = User<unknown, unknown>;

function newMcpServer(): McpServer {
  const server = new McpServer({ name: 'adder', version: '1' });
  server.registerTool(
    'add',
    { inputSchema: { a: z.number(), b: z.number() }, outputSchema: { sum: z.number() } },
    async ({ a, b }) => ({ content: [{ type: 'text', text: String(a + b) }], structuredContent: { sum: a + b } }),
  );
  server.registerTool('fail', {}, async () => ({ content: [{ type: 'text', text: 'no disk' }], isError: true }));
  return server;
}

describe('MCP client', () => {
  let server: Server | undefined;
  let pool: Pool | undefined;
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  afterEach(async () => {
    await pool?.destroy();
    server?.closeAllConnections();
    server?.close();
    sessions.clear();
  });

  async function serve(answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>): Promise<void> {
    server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { connections: 1 });
  }

  /** As the SDK's examples do it: a table of sessions in memory. */
  const withSessions = (lostStatus: number) => async (request: IncomingMessage, response: ServerResponse) => {
    const body = (await json(request)) as { method?: string };
    const known = sessions.get(String(request.headers['mcp-session-id']));
    if (known !== undefined) return known.handleRequest(request, response, body);
    if (body.method !== 'initialize') {
      response.writeHead(lostStatus, { 'content-type': 'application/json' });
      const error = { code: -32_000, message: 'Bad Request: No valid session ID provided' };
      response.end(JSON.stringify({ jsonrpc: '2.0', error, id: null }));
      return;
    }
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    await newMcpServer().connect(transport as Parameters<McpServer['connect']>[0]);
    await transport.handleRequest(request, response, body);
  };

  const withoutSessions = async (request: IncomingMessage, response: ServerResponse) => {
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
    await newMcpServer().connect(transport as Parameters<McpServer['connect']>[0]);
    await transport.handleRequest(request, response, await json(request));
  };

  /** Performs one operation and returns how it ended and its attempts. */
  async function perform(run: (user: AnyUser) => Promise<void>): Promise<{ end: string; attempts: string[] }> {
    const records: AttemptRecord[] = [];
    const operation = testOperation({
      transport: testTransport(pool ?? assert.fail('no server')),
      reporter: { attemptEnded: (record) => records.push(record) },
    });
    const performed = await operation.perform(run);
    const end = performed.kind === 'ended' ? performed.end : JSON.stringify(performed, Object.keys(performed));
    return { end, attempts: records.map(({ request, outcome }) => `${request} ${outcome}`) };
  }

  const add = (mcp: McpClient) => async (user: AnyUser) => {
    const { structuredContent } = await mcp.callTool(user.http, 'add', { a: 1, b: 2 });
    user.check((structuredContent as { sum: number }).sum === 3, 'the sum');
  };
  const opening = ['initialize ok', 'notifications/initialized ok'];

  for (const lostStatus of [404, 400]) {
    it(`opens another session if the server lost it and answers ${lostStatus}`, async () => {
      await serve(withSessions(lostStatus));
      const mcp = new McpClient();
      assert.deepEqual(await perform(add(mcp)), { end: 'ok', attempts: [...opening, 'add ok'] });
      assert.deepEqual(await perform(add(mcp)), { end: 'ok', attempts: ['add ok'] });
      sessions.clear();
      const attempts = ['add session_lost', ...opening, 'add ok'];
      assert.deepEqual(await perform(add(mcp)), { end: 'ok', attempts });
    });
  }

  it('calls a server without sessions', async () => {
    await serve(withoutSessions);
    const mcp = new McpClient();
    assert.deepEqual(await perform(add(mcp)), { end: 'ok', attempts: [...opening, 'add ok'] });
    assert.deepEqual(await perform(add(mcp)), { end: 'ok', attempts: ['add ok'] });
  });

  it('lists tools, and treats the error of a tool as a failed attempt', async () => {
    await serve(withSessions(404));
    const mcp = new McpClient();
    let names: string[] = [];
    const listed = await perform(async ({ http }) => {
      names = (await mcp.listTools(http)).map(({ name }) => name);
    });
    assert.deepEqual([listed.end, names], ['ok', ['add', 'fail']]);
    const failed = await perform(async ({ http }) => void (await mcp.callTool(http, 'fail')));
    assert.deepEqual(failed, { end: 'failed', attempts: Array(3).fill('fail server_error') });
    const wrong = await perform(async ({ http }) => void (await mcp.callTool(http, 'add', { a: 'x' })));
    assert.equal(wrong.end, 'failed');
  });
});
