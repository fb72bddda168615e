/** A user of the server, and the state of its breakers from the health port. */
import { serverErrorSchema, serverHealthSchema } from '@encore/contracts';
import { callJson, type ExchangeOptions, httpExchange, mcpToolCall } from '@encore/kit';

export type BreakerState = 'closed' | 'open' | 'half_open';

export interface ServerUser {
  store(scoreId: string, content: Uint8Array, signal: AbortSignal): Promise<void>;
  remove(scoreId: string, signal: AbortSignal): Promise<void>;
  /** Returns the server's error code of a failed tool call (`TOOL_TIMEOUT`), null on success. */
  analyze(tool: string, scoreId: string, signal: AbortSignal): Promise<string | null>;
  breakers(signal: AbortSignal): Promise<Record<string, BreakerState>>;
}

/** Longer than any tool may take. */
const callMs = 60_000;
const healthMs = 2_000;

export function serverUser(userUrl: string, healthUrl: string): ServerUser {
  const send = (path: string, request: Omit<ExchangeOptions, 'signal'>, signal: AbortSignal) =>
    httpExchange(`${userUrl}${path}`, { ...request, signal: AbortSignal.any([signal, AbortSignal.timeout(callMs)]) });
  const succeed = async (path: string, request: Omit<ExchangeOptions, 'signal'>, signal: AbortSignal) => {
    const { status, text } = await send(path, request, signal);
    if (status >= 400) throw new Error(`${request.method} ${path}: ${status} ${text.slice(0, 200)}`);
  };
  return {
    store: (scoreId, content, signal) =>
      succeed(
        `/scores/${scoreId}`,
        { method: 'PUT', headers: { 'content-type': 'audio/midi' }, body: content },
        signal,
      ),
    remove: (scoreId, signal) => succeed(`/scores/${scoreId}`, { method: 'DELETE' }, signal),
    analyze: async (tool, scoreId, signal) => {
      const call = mcpToolCall({ client: 'onlooker', id: 1, tool, input: { score_id: scoreId } });
      const { status, text } = await send('/mcp', { method: 'POST', ...call }, signal);
      return status === 200 ? errorIn(text) : `HTTP ${status}`;
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

/** Null for the result of a tool that succeeded. */
function errorIn(text: string): string | null {
  const { result } = JSON.parse(text) as { result?: { isError?: boolean; structuredContent?: unknown } };
  if (result !== undefined && result.isError !== true) return null;
  return serverErrorSchema.safeParse(result?.structuredContent).data?.error.code ?? text.slice(0, 200);
}
