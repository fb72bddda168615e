/**
 * POST /mcp. Reads and parses the body within our limits. Plain tool calls go to one of two
 * permanent servers; everything else goes to the SDK's handler, which creates a server per request.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describeError, type Logger } from '@encore/kit';
import { createMcpHandler, isLegacyRequest } from '@modelcontextprotocol/server';
import { readWholeBody } from '../http/body.ts';
import { signalOf } from '../http/request-scope.ts';
import { CallChannel } from './call-channel.ts';
import { parseMessage } from './json-message.ts';
import type { McpServerFactory } from './mcp-server.ts';
import { plainCall } from './plain-call.ts';

export interface McpRouteOptions {
  factory: McpServerFactory;
  /** Handles requests of 2025-11-25 and earlier with sessions. Without it they have no sessions. */
  sessions?: (request: Request, parsedBody: unknown) => Promise<Response>;
  maxBytes: number;
  stallMs: number;
  logger: Logger;
}

export type McpRoute = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export async function createMcpRoute(options: McpRouteOptions): Promise<McpRoute> {
  const { factory, sessions, maxBytes, stallMs, logger } = options;
  const onerror = (error: Error): void => logger.debug({ err: error.message }, 'mcp');
  const handler = createMcpHandler(factory, { maxSubscriptions: 16, onerror });
  const channels = {
    modern: await CallChannel.open(factory({ era: 'modern' }), 'modern', onerror),
    legacy: sessions ? null : await CallChannel.open(factory({ era: 'legacy' }), 'legacy', onerror),
  };
  return async (request, response) => {
    const signal = signalOf(request);
    let message: unknown;
    if (request.method === 'POST') {
      const body = await readWholeBody(request, { maxBytes, stallMs, signal });
      try {
        message = parseMessage(body);
      } catch (problem) {
        const error = { code: -32_700, message: `Parse error: ${describeError(problem)}` };
        response.statusCode = 400;
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error }));
        return;
      }
    }
    const call = plainCall(message, request.headers);
    if (call && (await channels[call.era]?.answer(call.message, response, signal))) return;
    const webRequest = toWebRequest(request, signal);
    const webResponse =
      sessions && (await isLegacyRequest(webRequest, message))
        ? await sessions(webRequest, message)
        : await handler.fetch(webRequest, { parsedBody: message });
    await send(webResponse, response, signal);
  };
}

/**
 * The part of a web Request that the SDK's handler reads if it gets a parsed body. A real Request,
 * with its own copies of headers and signal, would cost a third of the whole call.
 */
function toWebRequest(request: IncomingMessage, signal: AbortSignal): Request {
  const { headers, method = 'POST' } = request;
  const one = (name: string): string | null => {
    const value = headers[name.toLowerCase()];
    return Array.isArray(value) ? value.join(', ') : (value ?? null);
  };
  const lookup = { get: one, has: (name: string) => one(name) !== null };
  return { method, url: `http://${headers.host}/mcp`, headers: lookup, signal } as unknown as Request;
}

async function send(webResponse: Response, response: ServerResponse, signal: AbortSignal): Promise<void> {
  response.statusCode = webResponse.status;
  for (const [name, value] of webResponse.headers) {
    // The listener decides whether the connection stays open.
    if (name !== 'connection') response.setHeader(name, value);
  }
  if (webResponse.body === null || webResponse.headers.get('content-type')?.startsWith('application/json')) {
    // Node sends a string in one write with the head; a buffer would take two, which costs more
    // than decoding it.
    response.end(await webResponse.text());
    return;
  }
  // Send the head now: the stream may have no event for a while, and the client must see that it is
  // open.
  response.flushHeaders();
  for await (const piece of webResponse.body) {
    if (!response.write(piece)) await once(response, 'drain', { signal });
  }
  response.end();
}
