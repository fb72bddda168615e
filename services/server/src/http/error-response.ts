/**
 * The error format of all routes: {error: {code, message, definite}}, with Retry-After if a retry
 * makes sense. On /mcp it is wrapped in a JSON-RPC error, which MCP clients read.
 */
import type { ServerResponse } from 'node:http';
import type { RpcRefusal } from '@encore/contracts/server-api';
import type { EncoreError } from '@encore/kit';

/** A message may quote the request, which may be megabytes. */
const maxMessageLength = 2_000;

export function errorBody({ code, message, definite }: EncoreError): {
  error: { code: string; message: string; definite: boolean };
} {
  const short = message.length <= maxMessageLength ? message : `${message.slice(0, maxMessageLength)} ...`;
  return { error: { code, message: short.toWellFormed(), definite } };
}

/**
 * The id is null, as JSON-RPC requires if the id of the request is unknown: the body was not read.
 */
function rpcRefusal(known: EncoreError): RpcRefusal {
  const { code, message, definite } = errorBody(known).error;
  return { jsonrpc: '2.0', id: null, error: { code: rpcCode(known.status), message, data: { code, definite } } };
}

/**
 * Maps to JSON-RPC's codes for an invalid request and an internal error; -32000, from the range for
 * servers, means "try again later".
 */
function rpcCode(status: number): number {
  if (status === 429 || status === 503) return -32_000;
  return status < 500 ? -32_600 : -32_603;
}

/** Whether the URL leads to /mcp; matches as Express does. */
export function isMcpUrl(url: string): boolean {
  return /^\/mcp\/?(\?|$)/i.test(url);
}

/** The body of the response to a request for this URL, whose path decides the format. */
export function errorText(url: string, error: EncoreError): string {
  return JSON.stringify(isMcpUrl(url) ? rpcRefusal(error) : errorBody(error));
}

export function sendError(response: ServerResponse, error: EncoreError): void {
  if (response.headersSent) {
    // Part of the response has been sent; only a closed connection shows that it failed.
    response.destroy();
    return;
  }
  const body = errorText(response.req.url ?? '', error);
  const head = ['content-type', 'application/json', 'content-length', String(Buffer.byteLength(body))];
  if (error.status === 503 || error.status === 429) head.push('retry-after', '1');
  response.writeHead(error.status, head);
  // Node sends a string in one write with the head; a buffer would take two.
  response.end(body);
}
