/** Responses, in the common error format, to bytes that are not a well-formed HTTP request. */
import type { Duplex } from 'node:stream';
import { EncoreError, STATUS_CODES } from '@encore/kit';
import { errorBody } from './error-response.ts';

/** By the error code of Node's parser or timer; all other codes are malformed requests. */
const responses = new Map<string | undefined, readonly [status: number, code: string, message: string]>([
  ['HPE_HEADER_OVERFLOW', [431, 'TOO_LARGE', 'the URL and headers together are limited to 16384 bytes']],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', [413, 'TOO_LARGE', 'chunk extensions are limited to 16384 bytes']],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'SLOW_REQUEST', 'the request did not arrive within its timeout']],
]);

/**
 * `responsePending`: an earlier request on this connection still waits for its response. The client
 * would take an error for that response, so the connection is closed instead.
 */
export function rejectBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex, responsePending: boolean): void {
  if (!socket.writable || responsePending || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const malformed = [400, 'MALFORMED_REQUEST', 'the request is not well-formed HTTP/1.1'] as const;
  const [status, code, message] = responses.get(error.code) ?? malformed;
  endWith(socket, new EncoreError(code, message, { status, definite: true }));
}

export function refuseTunnel(socket: Duplex): void {
  const message = 'CONNECT is not allowed: this server is not a proxy';
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
