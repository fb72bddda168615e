/**
 * A minimal client for MCP tool calls as plain JSON-RPC over POST /mcp, which preserves the code of
 * every failure. The response may be JSON or an event stream.
 */
import { serverErrorSchema } from '@encore/contracts';
import { mcpToolCall } from '@encore/kit';
import { z } from 'zod';
import type { CheckResult, Refusal } from './classify-outcome.ts';
import type { ExchangeRequest, HttpResponse } from './exchange.ts';
import { corrupt, parseJson, refusalOf } from './response-checks.ts';

const responseSchema = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number()]),
  result: z.object({ isError: z.boolean().optional(), structuredContent: z.unknown() }).optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});

export function toolCallRequest(
  tool: string,
  input: Record<string, unknown>,
  id: string,
  maxTextBytes: number,
): ExchangeRequest {
  const { headers, body } = mcpToolCall({ client: 'encore-loadgen', id, tool, input });
  return {
    method: 'POST',
    path: '/mcp',
    headers,
    body: { bytes: Buffer.byteLength(body), content: body },
    read: 'text',
    maxTextBytes,
  };
}

/** Returns the tool's structured output, or how the response differs from one. */
export function readToolOutput<Schema extends z.ZodType>(
  response: HttpResponse,
  id: string,
  schema: Schema,
): CheckResult<z.infer<Schema>> {
  const message = responseSchema.safeParse(messageOf(response, id));
  if (!message.success) {
    return response.status === 200
      ? corrupt(`not a JSON-RPC response: ${response.text.slice(0, 120)}`)
      : refusalOf(response);
  }
  const { error, result } = message.data;
  if (message.data.id !== id) return corrupt(`response to ${message.data.id} instead of ${id}`);
  if (error) return rpcRefusal(error, response);
  if (response.status !== 200 || !result) return response.status === 200 ? corrupt('no result') : refusalOf(response);
  if (result.isError === true) return toolRefusal(result.structuredContent, response);
  const output = schema.safeParse(result.structuredContent);
  if (!output.success) return corrupt(`not the tool's output: ${response.text.slice(0, 200)}`);
  return { kind: 'ok', value: output.data };
}

function messageOf(response: HttpResponse, id: string): unknown {
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

/** -32603 is a server error; any other protocol error is a client error. */
function rpcRefusal(error: { code: number; message: string }, response: HttpResponse): Refusal {
  const status = response.status >= 400 ? response.status : error.code === -32603 ? 500 : 400;
  return { ...refusalOf(response), status, code: `RPC ${error.code}`, message: error.message, definite: false };
}

function toolRefusal(content: unknown, response: HttpResponse): Refusal {
  const error = serverErrorSchema.safeParse(content);
  const base = { ...refusalOf(response), status: response.status };
  if (error.success) return { ...base, ...error.data.error };
  return { ...base, code: 'INTERNAL', message: response.text.slice(0, 200), definite: false };
}
