/**
 * MCP tool calls as plain JSON-RPC over POST /mcp. An own small client, so that each failure keeps its own code; the answer may be
 * JSON or a stream of events.
 */
import { serverErrorSchema } from '@encore/contracts';
import { mcpToolCall } from '@encore/kit';
import { z } from 'zod';
import { corrupt, parseJson, refusalOf } from './answer-checks.ts';
import type { Checked, Refusal } from './classify-outcome.ts';
import type { Answer, ExchangeRequest } from './exchange.ts';

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

/** The tool's structured output, or what the answer was instead. */
export function readToolOutput<Schema extends z.ZodType>(
  answer: Answer,
  id: string,
  schema: Schema,
): Checked<z.infer<Schema>> {
  const message = responseSchema.safeParse(messageOf(answer, id));
  if (!message.success) {
    return answer.status === 200 ? corrupt(`not a JSON-RPC answer: ${answer.text.slice(0, 120)}`) : refusalOf(answer);
  }
  const { error, result } = message.data;
  if (message.data.id !== id) return corrupt(`answer to ${message.data.id} instead of ${id}`);
  if (error) return rpcRefusal(error, answer);
  if (answer.status !== 200 || !result) return answer.status === 200 ? corrupt('no result') : refusalOf(answer);
  if (result.isError === true) return toolRefusal(result.structuredContent, answer);
  const output = schema.safeParse(result.structuredContent);
  if (!output.success) return corrupt(`not the tool's output: ${answer.text.slice(0, 200)}`);
  return { verdict: 'right', value: output.data };
}

function messageOf(answer: Answer, id: string): unknown {
  const type = answer.headers['content-type'] ?? '';
  if (/^text\/event-stream\b/i.test(type)) return eventWithId(answer.text, id);
  return /^application\/json\b/i.test(type) ? parseJson(answer.text) : undefined;
}

/** Notifications may come before the answer. */
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

/** -32603 is the server's own failure; any other protocol error blames the request. */
function rpcRefusal(error: { code: number; message: string }, answer: Answer): Refusal {
  const status = answer.status >= 400 ? answer.status : error.code === -32603 ? 500 : 400;
  return { ...refusalOf(answer), status, code: `RPC ${error.code}`, message: error.message, definite: false };
}

function toolRefusal(content: unknown, answer: Answer): Refusal {
  const error = serverErrorSchema.safeParse(content);
  const base = { ...refusalOf(answer), status: answer.status };
  if (error.success) return { ...base, ...error.data.error };
  return { ...base, code: 'INTERNAL', message: answer.text.slice(0, 200), definite: false };
}
