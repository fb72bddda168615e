/**
 * Builds an MCP tool call as plain JSON-RPC for POST /mcp. Revision 2026-07-28 needs no session:
 * each request carries its own envelope.
 */

const revision = '2026-07-28';

export interface McpToolCall {
  /** The client name sent to the server. */
  client: string;
  id: string | number;
  tool: string;
  input: Record<string, unknown>;
}

export function mcpToolCall({ client, id, tool, input }: McpToolCall): {
  headers: Record<string, string>;
  body: string;
} {
  const envelope = {
    'io.modelcontextprotocol/protocolVersion': revision,
    'io.modelcontextprotocol/clientInfo': { name: client, version: '0.1.0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return {
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': revision,
      'mcp-method': 'tools/call',
      'mcp-name': tool,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name: tool, arguments: input, _meta: envelope },
    }),
  };
}
