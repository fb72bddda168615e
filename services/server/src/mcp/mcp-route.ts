/**
 * POST /mcp: the body is read here, within our limits, and handed to the SDK parsed. Plain tool calls go to one of two lasting servers,
 * everything else to the SDK's handler, which makes a server for each request.
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
  /** Answers the requests of 2025-11-25 and before, where they are to have sessions; without it they have none. */
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
    const asked = toWebRequest(request, signal);
    const answer =
      sessions && (await isLegacyRequest(asked, message))
        ? await sessions(asked, message)
        : await handler.fetch(asked, { parsedBody: message });
    await send(answer, response, signal);
  };
}

/**
 * The part of a web Request that the SDK's handler reads when it is given the body parsed. Making a real one, with its own copies
 * of headers and signal, would cost a third of the whole call.
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

async function send(answer: Response, response: ServerResponse, signal: AbortSignal): Promise<void> {
  response.statusCode = answer.status;
  for (const [name, value] of answer.headers) {
    // Whether the connection stays open is decided by the listener.
    if (name !== 'connection') response.setHeader(name, value);
  }
  if (answer.body === null || answer.headers.get('content-type')?.startsWith('application/json')) {
    // Text goes out in one write with the head; bytes would take a second, which is dearer than reading them as text.
    response.end(await answer.text());
    return;
  }
  // A stream may be silent at first: its client must still learn that it is open.
  response.flushHeaders();
  for await (const piece of answer.body) {
    if (!response.write(piece)) await once(response, 'drain', { signal });
  }
  response.end();
}
