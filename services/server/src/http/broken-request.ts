/** Responses, in the error format of the path, to bytes that are not a well-formed HTTP request. */

import type { Duplex } from 'node:stream';
import type { ErrorCode } from '@encore/contracts/errors';
import { EncoreError, STATUS_CODES } from '@encore/kit';
import { errorText } from './error-response.ts';

/** Enough for any path of the server. */
const maxUrlBytes = 1_024;

/** By the error code of Node's parser or timer; all other codes are malformed requests. */
const responses = new Map<string | undefined, readonly [status: number, code: ErrorCode, message: string]>([
  ['HPE_HEADER_OVERFLOW', [431, 'TOO_LARGE', 'the URL and headers together are limited to 16 KB']],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', [413, 'TOO_LARGE', 'chunk extensions are limited to 16 KB']],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'SLOW_REQUEST', 'the request did not arrive within its timeout']],
]);

/** An error of Node's parser has the bytes that it could not parse. */
type ParserError = NodeJS.ErrnoException & { rawPacket?: Buffer };

/**
 * `responsePending`: a response to an earlier request on this connection is pending. The client
 * would mistake an error for that response, so the connection is closed instead. `url`: that of the
 * request, if its head was complete.
 */
export function rejectBrokenRequest(
  error: ParserError,
  socket: Duplex,
  responsePending: boolean,
  url = urlIn(error.rawPacket),
): void {
  if (!socket.writable || responsePending || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const malformed = [400, 'MALFORMED_REQUEST', 'the request is not well-formed HTTP/1.1'] as const;
  const [status, code, message] = responses.get(error.code) ?? malformed;
  endWith(socket, url, new EncoreError(code, message, { status }));
}

/** The URL in the first line of a head; empty if the bytes begin later in the request. */
function urlIn(bytes: Buffer | undefined): string {
  const start = bytes?.toString('latin1', 0, maxUrlBytes) ?? '';
  return /^[A-Z]+ (\S+)/.exec(start)?.[1] ?? '';
}

export function refuseTunnel(socket: Duplex): void {
  const message = 'CONNECT is not allowed: this server is not a proxy';
  endWith(socket, '', new EncoreError('METHOD_NOT_ALLOWED', message));
}

export function unknownExpectation(): EncoreError {
  return new EncoreError('UNKNOWN_EXPECTATION', 'Expect must be 100-continue');
}

function endWith(socket: Duplex, url: string, error: EncoreError): void {
  const body = errorText(url, error);
  const head = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
