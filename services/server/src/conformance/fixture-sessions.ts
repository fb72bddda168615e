/**
 * Sessions of 2025-11-25 on the SDK's own transport. The shipped server keeps none: without one a server cannot ask its client
 * anything in that revision, so only the build with the suite's tools needs them.
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
        { jsonrpc: '2.0', id: null, error: { code: -32_001, message: 'no such session' } },
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
