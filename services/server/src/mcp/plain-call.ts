/**
 * Recognizes ordinary tool calls, which a CallChannel may carry. Nearly all messages are such
 * calls.
 */
import type { IncomingHttpHeaders } from 'node:http';
import {
  isJsonContentType,
  type JSONRPCRequest,
  PROTOCOL_VERSION_META_KEY,
  type ProtocolEra,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/server';

export const modernRevision = '2026-07-28';
/**
 * The supported revisions of a server of each era. A server must list the newest one to be bound to
 * it.
 */
export const revisions: Record<ProtocolEra, string[]> = {
  modern: [...SUPPORTED_PROTOCOL_VERSIONS, modernRevision],
  legacy: SUPPORTED_PROTOCOL_VERSIONS,
};

/** A name that needs no encoding in a header; the protocol encodes others. */
const plainName = /^\w+$/;

export interface PlainCall {
  era: ProtocolEra;
  /** Not yet validated by the SDK. */
  message: JSONRPCRequest;
}

/**
 * Returns null for a message that is not a call, and for one that the SDK may have to refuse
 * because of its HTTP headers. A call is returned only if its headers match its body and the server
 * supports its revision; nothing is refused here.
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
