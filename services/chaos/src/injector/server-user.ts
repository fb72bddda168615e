/** A user of the server through the proxy, and the state of its breakers from the health port. */
import { serverErrorSchema, serverHealthSchema } from '@encore/contracts';
import { callJson, EncoreError, type ExchangeOptions, httpExchange, mcpToolCall } from '@encore/kit';
import { z } from 'zod';

export type BreakerState = 'closed' | 'open' | 'half_open';

export interface ServerUser {
  store(scoreId: string, content: Uint8Array, signal: AbortSignal): Promise<void>;
  /** A missing score counts as removed. */
  remove(scoreId: string, signal: AbortSignal): Promise<void>;
  /** Returns the server's error code of a failed tool call (`TOOL_TIMEOUT`), null on success. */
  analyze(tool: string, scoreId: string, signal: AbortSignal): Promise<string | null>;
  breakers(signal: AbortSignal): Promise<Record<string, BreakerState>>;
}

/** Longer than any tool may take, and than a slow proxy. */
const callMs = 60_000;
const healthMs = 2_000;

const answerSchema = z.object({
  result: z.object({ isError: z.boolean().optional(), structuredContent: z.unknown() }).optional(),
  error: z
    .object({
      code: z.number(),
      message: z.string().optional(),
      data: z.object({ code: z.string() }).optional().catch(undefined),
    })
    .optional(),
});

/** `userUrl` leads through the proxy. */
export function serverUser(userUrl: string, healthUrl: string): ServerUser {
  const send = (path: string, request: Omit<ExchangeOptions, 'signal'>, signal: AbortSignal) =>
    httpExchange(`${userUrl}${path}`, { ...request, signal: AbortSignal.any([signal, AbortSignal.timeout(callMs)]) });
  return {
    store: async (scoreId, content, signal) => {
      const headers = { 'content-type': 'audio/midi' };
      const { status, text } = await send(`/scores/${scoreId}`, { method: 'PUT', headers, body: content }, signal);
      if (status >= 400) throw refused(`storing ${scoreId}`, status, text);
    },
    remove: async (scoreId, signal) => {
      const { status, text } = await send(`/scores/${scoreId}`, { method: 'DELETE' }, signal);
      if (status >= 400 && status !== 404) throw refused(`removing ${scoreId}`, status, text);
    },
    analyze: async (tool, scoreId, signal) => {
      const call = mcpToolCall({ client: 'encore-injector', id: 1, tool, input: { score_id: scoreId } });
      const { status, text } = await send('/mcp', { method: 'POST', ...call }, signal);
      return endOf(status, text);
    },
    breakers: async (signal) => {
      const { circuit_breakers } = await callJson(`${healthUrl}/health/detailed`, serverHealthSchema, {
        timeoutMs: healthMs,
        signal,
      });
      return Object.fromEntries(Object.entries(circuit_breakers).map(([name, { state }]) => [name, state]));
    },
  };
}

/** The response is JSON, or the last event of a stream. */
function endOf(status: number, text: string): string | null {
  const lines = text.split(/\r?\n/).filter((line) => line.startsWith('data:'));
  const { error, result } = answerSchema.safeParse(parseJson(lines.at(-1)?.slice(5) ?? text)).data ?? {};
  if (result && result.isError !== true) return null;
  if (result) return serverErrorSchema.safeParse(result.structuredContent).data?.error.code ?? 'INTERNAL';
  if (error === undefined) return `HTTP ${status}`;
  // The server's own code is more specific than the number of JSON-RPC.
  return error.data?.code ?? `RPC ${error.code}${error.message ? `: ${error.message.slice(0, 100)}` : ''}`;
}

function refused(what: string, status: number, text: string): EncoreError {
  const { code = 'PEER_ERROR', message = text.slice(0, 200) } =
    serverErrorSchema.safeParse(parseJson(text)).data?.error ?? {};
  return EncoreError.received({ code, message: `${what}: ${message}`, status });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
