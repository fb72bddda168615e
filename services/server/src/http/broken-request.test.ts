import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { rpcRefusalSchema, serverErrorSchema } from '@encore/contracts/server-api';
import { after, before, describe, it } from 'mocha';
import { type Listener, openListener } from './listener.ts';

describe('a broken request', function () {
  this.timeout(60_000);
  let listener: Listener;
  before(async () => {
    const options = { host: '127.0.0.1', port: 0, requestTimeoutMs: 5_000, maxConnections: 10 };
    // Reads no body and never responds.
    listener = await openListener(() => {}, options);
  });
  after(() => listener.stop(0));

  /** Sends the bytes and returns the status and the body of the only response. */
  async function answerTo(bytes: string): Promise<[status: number, body: unknown]> {
    const socket = connect(listener.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(bytes);
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    return [Number(head.slice(9, 12)), JSON.parse(body)];
  }

  const broken: [name: string, head: string, status: number, code: string][] = [
    ['with a header of 20 KB', `X: ${'x'.repeat(20_000)}\r\n`, 431, 'TOO_LARGE'],
    ['whose body does not arrive', 'Content-Length: 10\r\n\r\nhalf', 408, 'SLOW_REQUEST'],
    ['with a folded header', 'X: a\r\n b\r\n\r\n', 400, 'MALFORMED_REQUEST'],
  ];
  for (const [name, head, status, code] of broken) {
    it(`${name}: ${status}, as a JSON-RPC error on /mcp`, async () => {
      const request = (path: string) => `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${head}`;
      const [[mcpStatus, refusal], [otherStatus, error]] = await Promise.all([
        answerTo(request('/mcp?a=1')),
        answerTo(request('/mcproxy')),
      ]);
      assert.deepEqual([mcpStatus, otherStatus], [status, status]);
      const { id, error: rpcError } = rpcRefusalSchema.parse(refusal);
      assert.deepEqual([id, rpcError.code, rpcError.data.code], [null, -32_600, code]);
      assert.equal(serverErrorSchema.parse(error).error.code, code);
    });
  }
});
