/** One error format for all routes: {error: {code, message, definite}}, with Retry-After where trying again makes sense. */
import type { ServerResponse } from 'node:http';
import { describeError, EncoreError } from '@encore/kit';

export function asEncoreError(error: unknown): EncoreError {
  if (error instanceof EncoreError) return error;
  // Express reports a malformed address with a status.
  const status = error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : 500;
  return new EncoreError(status < 500 ? 'INVALID_INPUT' : 'INTERNAL', describeError(error), {
    status,
    definite: status < 500,
    cause: error,
  });
}

/** A message may quote what was sent, which may be megabytes. */
const maxMessageLength = 2_000;

export function errorBody({ code, message, definite }: EncoreError): {
  error: { code: string; message: string; definite: boolean };
} {
  const short = message.length <= maxMessageLength ? message : `${message.slice(0, maxMessageLength)} ...`;
  return { error: { code, message: short.toWellFormed(), definite } };
}

export function answerError(response: ServerResponse, error: EncoreError): void {
  if (response.headersSent) {
    // Part of an answer is on its way: a cut connection is the only honest end.
    response.destroy();
    return;
  }
  const body = JSON.stringify(errorBody(error));
  const head = ['content-type', 'application/json', 'content-length', String(Buffer.byteLength(body))];
  if (error.status === 503 || error.status === 429) head.push('retry-after', '1');
  response.writeHead(error.status, head);
  // As text it goes out in one write with the head; bytes would take two.
  response.end(body);
}
