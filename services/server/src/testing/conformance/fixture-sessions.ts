/**
 * Sessions of MCP 2025-11-25 on the SDK's own transport. In that revision a server needs a session
 * to request input from its client. The shipped server requests none, so only the fixture needs
 * sessions.
 */
import { randomUUID } from 'node:crypto';
import { type Server, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';

export type Sessions = (request: Request, parsedBody: unknown) => Promise<Response>;

export function keepSessions(factory: () => Server): Sessions {
  const open = new Map<string, WebStandardStreamableHTTPServerTransport>();
  return async (request, parsedBody) => {
    const id = request.headers.get('mcp-session-id');
    const known = id === null ? undefined : open.get(id);
    if (known) return known.handleRequest(request, { parsedBody });
    if (id !== null)
      return Response.json(
        { jsonrpc: '2.0', id: null, error: { code: -32_001, message: 'unknown session; send an initialize request' } },
        { status: 404 },
      );
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (session) => void open.set(session, transport),
      onsessionclosed: (session) => void open.delete(session),
    });
    await factory().connect(transport);
    return transport.handleRequest(request, { parsedBody });
  };
}
