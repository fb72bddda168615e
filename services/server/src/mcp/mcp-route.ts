/**
 * /mcp. Reads and parses the body within our limits, and lets the SDK answer the message on a
 * server that is created for it.
 *
 *   body ─▶ message ─┬─ invalid parameters ─▶ invalidParams ────▶ text ─────────────┬─▶ response
 *                    ├─ ordinary tool call ─▶ answerPlainCall ──▶ text or Response ─┤
 *                    └─ anything else ──────▶ the SDK's handler ─▶ web Response ────┘
 */
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { describeError, EncoreError, type Logger } from '@encore/kit';
import { createMcpHandler, isLegacyRequest } from '@modelcontextprotocol/server';
import { readWholeBody } from '../http/body.ts';
import type { McpRoute } from '../http/users-app.ts';
import { parseMessage } from './json-message.ts';
import type { McpServerFactory } from './mcp-server.ts';
import { invalidParams } from './params.ts';
import { answerPlainCall, plainCall } from './plain-call.ts';

export interface McpRouteOptions {
  factory: McpServerFactory;
  /** Handles requests of 2025-11-25 and earlier with sessions. Without it they have no sessions. */
  sessions?: (request: Request, parsedBody: unknown) => Promise<Response>;
  maxBytes: number;
  stallMs: number;
  logger: Logger;
}

export function createMcpRoute(options: McpRouteOptions): McpRoute {
  const { factory, sessions, maxBytes, stallMs, logger } = options;
  const onerror = (error: Error): void => logger.debug({ err: error.message }, 'mcp');
  const handler = createMcpHandler(factory, { maxSubscriptions: 16, onerror });

  /** Answers a tool call without a web Request; null for anything else. */
  async function answerCall(message: unknown, headers: IncomingHttpHeaders, signal: AbortSignal) {
    const call = plainCall(message, headers);
    if (!call || (sessions && call.classification.era === 'legacy')) return null;
    const server = factory({ era: call.classification.era });
    server.onerror = onerror;
    return answerPlainCall(call, server, signal);
  }

  async function answerOther(message: unknown, request: IncomingMessage, signal: AbortSignal) {
    const webRequest = toWebRequest(request, signal);
    if (sessions && (await isLegacyRequest(webRequest, message))) return sessions(webRequest, message);
    return handler.fetch(webRequest, { parsedBody: message });
  }

  return async (request, response, signal) => {
    let message: unknown;
    if (request.method === 'POST') {
      const body = await readWholeBody(request, { maxBytes, stallMs, signal });
      try {
        message = parseMessage(body);
      } catch (problem) {
        const error = { code: -32_700, message: `Parse error: ${describeError(problem)}` };
        response.statusCode = 400;
        return send(JSON.stringify({ jsonrpc: '2.0', id: null, error }), response, signal);
      }
    }
    const answered = invalidParams(message) ?? (await answerCall(message, request.headers, signal));
    await send(answered ?? (await answerOther(message, request, signal)), response, signal);
  };
}

/** Without a body, because the handler gets the parsed message. Its URL is not used. */
function toWebRequest({ method = 'POST', headers }: IncomingMessage, signal: AbortSignal): Request {
  // The Fetch standard forbids this method.
  if (method === 'TRACE') throw new EncoreError('METHOD_NOT_ALLOWED', 'send a POST');
  const webHeaders = new Headers();
  for (const [name, value] of Object.entries(headers)) webHeaders.set(name, String(value));
  return new Request('http://localhost/mcp', { method, headers: webHeaders, signal });
}

async function send(answer: string | Response, response: ServerResponse, signal: AbortSignal): Promise<void> {
  if (typeof answer === 'string') {
    response.setHeader('content-type', 'application/json');
    response.end(answer);
    return;
  }
  response.statusCode = answer.status;
  for (const [name, value] of answer.headers) {
    // The listener decides whether the connection stays open.
    if (name !== 'connection') response.setHeader(name, value);
  }
  if (answer.body === null || answer.headers.get('content-type')?.startsWith('application/json')) {
    // Node sends a string in one write with the head; a buffer would take two, which costs more
    // than decoding it.
    response.end(await answer.text());
    return;
  }
  // Send the head now: the stream may have no event for a while, and the client must see that it is
  // open.
  response.flushHeaders();
  for await (const piece of answer.body) {
    if (!response.write(piece)) await once(response, 'drain', { signal });
  }
  response.end();
}
