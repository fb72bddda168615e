/** Which messages are a tool call with nothing odd about it: nearly all that comes, and what a CallChannel may carry. */
import type { IncomingHttpHeaders } from 'node:http';
import {
  isJsonContentType,
  type JSONRPCRequest,
  PROTOCOL_VERSION_META_KEY,
  type ProtocolEra,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/server';

export const modernRevision = '2026-07-28';
/** What a server of each era is to be told; one that does not know the newest revision cannot be bound to it. */
export const revisions: Record<ProtocolEra, string[]> = {
  modern: [...SUPPORTED_PROTOCOL_VERSIONS, modernRevision],
  legacy: SUPPORTED_PROTOCOL_VERSIONS,
};

/** A name that means itself: the protocol has a way to send others in a header. */
const plainName = /^\w+$/;

export interface PlainCall {
  era: ProtocolEra;
  /** The SDK has still to see whether it is well formed. */
  message: JSONRPCRequest;
}

/**
 * Null for everything that the SDK may have to refuse for what its HTTP says, or that is no call. So nobody is refused here: what is
 * let through says the same in its headers as in its body, and names a revision that the server speaks.
 */
export function plainCall(message: unknown, headers: IncomingHttpHeaders): PlainCall | null {
  if (!isCall(message) || !isJsonContentType(headers['content-type'])) return null;
  const { name, _meta } = message.params;
  if (typeof name !== 'string' || !plainName.test(name)) return null;
  const version = headers['mcp-protocol-version'];
  const claimed = _meta?.[PROTOCOL_VERSION_META_KEY];
  if (claimed === modernRevision && version === modernRevision) {
    const named = headers['mcp-method'] === message.method && headers['mcp-name'] === name;
    return named ? { era: 'modern', message } : null;
  }
  if (claimed !== undefined || (version !== undefined && !revisions.legacy.includes(String(version)))) return null;
  const { accept = '' } = headers;
  const readsBoth = accept.includes('application/json') && accept.includes('text/event-stream');
  return readsBoth ? { era: 'legacy', message } : null;
}

type Call = JSONRPCRequest & { params: { name?: unknown; _meta?: Record<string, unknown> } };

function isCall(message: unknown): message is Call {
  if (!isObject(message) || message['method'] !== 'tools/call') return false;
  const { id, params } = message;
  if ((typeof id !== 'string' && !Number.isSafeInteger(id)) || !isObject(params)) return false;
  return params['_meta'] === undefined || isObject(params['_meta']);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
