import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { serverUser } from './server-user.ts';

describe('server user', () => {
  let server: Server;
  let answer: { status: number; body: unknown };
  beforeEach(async () => {
    server = createServer((request, response) => {
      request.resume();
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    server.close();
  });

  const endOf = (status: number, body: unknown) => {
    answer = { status, body };
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return serverUser(url, url).analyze('chord_analysis', 's1', new AbortController().signal);
  };
  const rpc = (error: object) => ({ jsonrpc: '2.0', id: null, error });

  it("returns the server's error code from JSON and from an event stream", async () => {
    const failed = { code: 'TOOL_TIMEOUT', message: 'too slow', definite: false };
    const result = { isError: true, content: [], structuredContent: { error: failed } };
    assert.equal(await endOf(200, { jsonrpc: '2.0', id: 1, result }), 'TOOL_TIMEOUT');
    const data = { code: 'OVERLOADED', definite: true };
    assert.equal(await endOf(503, rpc({ code: -32_000, message: 'busy', data })), 'OVERLOADED');
  });

  it('returns number and message of an error without a code', async () => {
    assert.equal(
      await endOf(200, rpc({ code: -32_000, message: 'Connection closed' })),
      'RPC -32000: Connection closed',
    );
    assert.equal(await endOf(200, rpc({ code: -32_603 })), 'RPC -32603');
    assert.equal(await endOf(502, {}), 'HTTP 502');
    assert.equal(await endOf(200, { jsonrpc: '2.0', id: 1, result: { structuredContent: {} } }), null);
  });
});
