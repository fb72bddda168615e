import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { EncoreError } from '@encore/kit';
import { after, before, describe, it } from 'mocha';
import { readWholeBody } from './body.ts';

const maxBytes = 1_000;

/** Responds with the length of the body, or with the code of its error. */
async function startReader(): Promise<Server> {
  const server = createServer(async (request, response) => {
    const limits = { maxBytes, stallMs: 300, signal: new AbortController().signal };
    const outcome = readWholeBody(request, limits).then(
      (body) => `${body.length} bytes`,
      (error: unknown) => (error instanceof EncoreError ? error.code : String(error)),
    );
    response.setHeader('connection', 'close').end(await outcome);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

describe('readWholeBody', () => {
  let server: Server;
  before(async () => {
    server = await startReader();
  });
  after(() => server.close());

  /** Sends each piece in its own packet, the first one with the head. */
  async function outcome(headers: string, ...pieces: string[]): Promise<string> {
    const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', noDelay: true });
    let text = '';
    socket.on('data', (data) => {
      text += data;
    });
    const [first = '', ...rest] = pieces;
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${first}`);
    for (const piece of rest) {
      await once(server, 'request');
      socket.write(piece);
    }
    await once(socket, 'close');
    return (
      text
        .split('\r\n\r\n')
        .at(-1)
        ?.split('\r\n')
        .find((line) => /[a-zA-Z]/.test(line)) ?? ''
    );
  }

  const chunk = (length: number) => `${length.toString(16)}\r\n${'x'.repeat(length)}\r\n`;

  it('reads a body that arrives with the head or later', async () => {
    assert.equal(await outcome('Content-Length: 5', 'hello'), '5 bytes');
    assert.equal(await outcome('Content-Length: 5', 'he', 'llo'), '5 bytes');
    assert.equal(await outcome('Content-Length: 0', ''), '0 bytes');
    assert.equal(await outcome('Transfer-Encoding: chunked', `${chunk(400)}${chunk(600)}0\r\n\r\n`), '1000 bytes');
  });

  it('refuses a chunked body that is too long, in one packet or two', async () => {
    assert.equal(await outcome('Transfer-Encoding: chunked', `${chunk(400)}${chunk(601)}0\r\n\r\n`), 'TOO_LARGE');
    assert.equal(await outcome('Transfer-Encoding: chunked', chunk(400), `${chunk(601)}0\r\n\r\n`), 'TOO_LARGE');
  });

  it('refuses an unknown encoding and a body that stalls', async () => {
    assert.equal(await outcome('Content-Length: 5\r\nContent-Encoding: br', 'hello'), 'UNSUPPORTED_ENCODING');
    assert.equal(await outcome('Content-Length: 5', 'he'), 'SLOW_BODY');
  });
});
