import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { mcpToolCall } from './mcp-tool-call.ts';

describe('MCP tool call', () => {
  it('repeats method, tool and version in its headers, and names the client', () => {
    const { headers, body } = mcpToolCall({
      client: 'somebody',
      id: 'a-1',
      tool: 'score_info',
      input: { score_id: 's' },
    });
    const { id, method, params } = JSON.parse(body);
    assert.deepEqual(
      [id, method, params.name, params.arguments],
      ['a-1', 'tools/call', 'score_info', { score_id: 's' }],
    );
    assert.deepEqual([headers['mcp-method'], headers['mcp-name']], [method, params.name]);
    const { _meta: envelope } = params;
    assert.equal(headers['mcp-protocol-version'], envelope['io.modelcontextprotocol/protocolVersion']);
    assert.equal(envelope['io.modelcontextprotocol/clientInfo'].name, 'somebody');
  });
});
