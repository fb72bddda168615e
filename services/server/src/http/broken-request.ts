/** Answers to what never became a request: bytes that are no HTTP, or not the HTTP that can be trusted. In the one error format. */
import type { Duplex } from 'node:stream';
import { EncoreError, STATUS_CODES } from '@encore/kit';
import { errorBody } from './error-answer.ts';

/** By the code of Node's parser or timer; all others are malformed requests. */
const answers = new Map<string | undefined, readonly [status: number, code: string, message: string]>([
  ['HPE_HEADER_OVERFLOW', [431, 'TOO_LARGE', 'the address and headers together are limited to 16384 bytes']],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', [413, 'TOO_LARGE', 'extensions of a chunk are limited to 16384 bytes']],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'SLOW_REQUEST', 'the request did not come within its time']],
]);

/** `owed`: the answer to an earlier request stands out on this connection. This one would be taken for it, so the connection is cut. */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex, owed: boolean): void {
  if (!socket.writable || owed || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const malformed = [400, 'MALFORMED_REQUEST', 'this is not one well-formed HTTP/1.1 request'] as const;
  const [status, code, message] = answers.get(error.code) ?? malformed;
  endWith(socket, new EncoreError(code, message, { status, definite: true }));
}

export function refuseTunnel(socket: Duplex): void {
  const message = 'this server is no proxy: CONNECT is not allowed';
  endWith(socket, new EncoreError('METHOD_NOT_ALLOWED', message, { status: 405, definite: true }));
}

export function unknownExpectation(): EncoreError {
  return new EncoreError('UNKNOWN_EXPECTATION', 'Expect must be 100-continue', { status: 417, definite: true });
}

function endWith(socket: Duplex, error: EncoreError): void {
  const body = JSON.stringify(errorBody(error));
  const head = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
