/**
 * A minimal client for MCP tool calls as plain JSON-RPC over POST /mcp, which preserves the code of
 * every failure. The response may be JSON or an event stream.
 */
import { mcpToolCall } from '@encore/kit/mcp-tool-call';
import { corrupt, type Failure, type Request, type Response } from '@encore/workload';
import { z } from 'zod';
import { parseJson } from './response-checks.ts';
import { refusedBy, type ToolError, toolErrorOf } from './server-errors.ts';

const responseSchema = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number()]),
  result: z.object({ isError: z.boolean().optional(), structuredContent: z.unknown() }).optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});

export type ToolResult<Output> = { output: Output } | { failure: Failure; error?: ToolError };

export function toolCallRequest(tool: string, input: Record<string, unknown>, id: string) {
  const { headers, body } = mcpToolCall({ client: 'encore-loadgen', id, tool, input });
  return { method: 'POST', path: '/mcp', headers, body, name: tool, status: 200, keyHeader: null } satisfies Request;
}

/** Returns the tool's structured output, or how the response differs from one. */
export function readToolOutput<Schema extends z.ZodType>(
  response: Response,
  id: string,
  schema: Schema,
): ToolResult<z.infer<Schema>> {
  const message = responseSchema.safeParse(messageOf(response, id));
  if (!message.success) return { failure: corrupt(`not a JSON-RPC response: ${response.text.slice(0, 120)}`) };
  const { error, result } = message.data;
  if (message.data.id !== id) return { failure: corrupt(`response to ${message.data.id} instead of ${id}`) };
  if (error) return refusal({ code: `RPC ${error.code}`, message: error.message, definite: false });
  if (!result) return { failure: corrupt('no result') };
  if (result.isError === true) return refusal(toolErrorOf(result.structuredContent, response.text));
  const output = schema.safeParse(result.structuredContent);
  if (!output.success) return { failure: corrupt(`not the tool's output: ${response.text.slice(0, 200)}`) };
  return { output: output.data };
}

function refusal(error: ToolError): { failure: Failure; error: ToolError } {
  return { failure: refusedBy(error), error };
}

function messageOf(response: Response, id: string): unknown {
  const type = response.headers['content-type'] ?? '';
  if (/^text\/event-stream\b/i.test(type)) return eventWithId(response.text, id);
  return /^application\/json\b/i.test(type) ? parseJson(response.text) : undefined;
}

/** Finds the response in an event stream, which may start with notifications. */
function eventWithId(text: string, id: string): unknown {
  let last: unknown;
  for (const event of text.split(/\r?\n\r?\n/)) {
    const lines = event.split(/\r?\n/).filter((line) => line.startsWith('data:'));
    const message = parseJson(lines.map((line) => line.slice(5).trimStart()).join('\n'));
    if (typeof message !== 'object' || message === null || !('id' in message)) continue;
    if (message.id === id) return message;
    last = message;
  }
  return last;
}
