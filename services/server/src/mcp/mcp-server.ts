/**
 * Creates MCP servers on the SDK's low-level Server, with lists that are built once, so that a
 * server takes a few microseconds to create. They serve clients of 2026-07-28 and, statelessly,
 * those of 2025-11-25 and earlier. Each handler has a schema of its parameters, because the SDK
 * answers parameters that only its own schema rejects with an internal error.
 */
import { serverErrorSchema } from '@encore/contracts/server-api';
import { EncoreError } from '@encore/kit';
import {
  type CallToolResult,
  type McpRequestContext,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type Tool as ToolListing,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { errorBody } from '../http/error-response.ts';
import type { ScoreLibrary } from '../scores/score-library.ts';
import type { Tool } from '../tools/tool.ts';
import type { ToolRunner } from '../tools/tool-runner.ts';
import { callSchema, onePageSchema } from './params.ts';
import { revisions } from './plain-call.ts';
import { registerPrompts } from './prompts.ts';
import { registerScoreResources } from './score-resources.ts';

/** Longer results are sent as structured content only, not repeated as text. */
const maxTextLength = 16_384;

/** Called for each message. */
export type McpServerFactory = (context: McpRequestContext) => Server;

export function mcpServerFactory(tools: readonly Tool[], runner: ToolRunner, library: ScoreLibrary): McpServerFactory {
  const listing = tools.map(listed);
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  return ({ era }) => {
    const server = new Server(
      { name: 'encore', version: '0.1.0' },
      { capabilities: { tools: {}, resources: {}, prompts: {} }, supportedProtocolVersions: revisions[era] },
    );
    server.setRequestHandler('tools/call', { params: callSchema }, async ({ name, arguments: args }, context) => {
      const tool = byName.get(name);
      if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `there is no tool ${name}`);
      try {
        return succeeded(await runner.run(tool, args, context.mcpReq.signal));
      } catch (error) {
        if (error instanceof EncoreError) return failed(error);
        throw error;
      }
    });
    server.setRequestHandler('tools/list', { params: onePageSchema }, () => ({ tools: listing }));
    registerScoreResources(server, library);
    registerPrompts(server);
    return server;
  };
}

function listed(tool: Tool): ToolListing {
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: z.toJSONSchema(tool.input, { io: 'input' }) as ToolListing['inputSchema'],
    outputSchema: outputSchemaOf(tool),
    annotations: {
      readOnlyHint: tool.effect === 'reads',
      destructiveHint: tool.effect === 'deletes',
      openWorldHint: false,
    },
  };
}

const { properties: errorProperties } = z.toJSONSchema(serverErrorSchema);

/**
 * The output of the tool, or `error`. Clients also validate the structured content of an error
 * result against this schema (the TypeScript SDK does up to 1.32), and reject the call when it does
 * not match.
 */
function outputSchemaOf(tool: Tool): NonNullable<ToolListing['outputSchema']> {
  const { required = [], properties, ...rest } = z.toJSONSchema(tool.output);
  const schema = {
    ...rest,
    properties: { ...properties, ...errorProperties },
    anyOf: [{ required }, { required: ['error'] }],
  };
  return schema as NonNullable<ToolListing['outputSchema']>;
}

function succeeded(output: unknown): CallToolResult {
  const text = JSON.stringify(output);
  const short = text.length <= maxTextLength ? text : `${text.length} characters; see the structured content`;
  return { content: [{ type: 'text', text: short }], structuredContent: output as Record<string, unknown> };
}

/** A failed tool call is a result, so that the client's model can read it and react. */
function failed(error: EncoreError): CallToolResult {
  const body = errorBody(error);
  return { content: [{ type: 'text', text: JSON.stringify(body) }], structuredContent: body, isError: true };
}
