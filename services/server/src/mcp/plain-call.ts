/**
 * Answers ordinary tool calls, which are nearly all messages, on the SDK's transport for a single
 * request. The SDK's handler answers everything else; it needs a web Request, which costs more than
 * the call itself.
 */
import type { IncomingHttpHeaders } from 'node:http';
import {
  classifyInboundRequest,
  isJsonContentType,
  type JSONRPCMessage,
  type JSONRPCRequest,
  type MessageClassification,
  PerRequestHTTPServerTransport,
  type ProtocolEra,
  type Server,
  SUPPORTED_PROTOCOL_VERSIONS,
  type TransportSendOptions,
} from '@modelcontextprotocol/server';

const modernRevision = '2026-07-28';
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
  message: JSONRPCRequest;
  /** The revision of the protocol that the call follows, or only its era. */
  classification: MessageClassification;
}

/**
 * Returns null for a message that is not a call, and for one that the SDK may have to refuse
 * because of its HTTP headers. A call is returned only if its headers match its body and the server
 * supports its revision; nothing is refused here.
 */
export function plainCall(message: unknown, headers: IncomingHttpHeaders): PlainCall | null {
  if (!isCall(message) || !isJsonContentType(headers['content-type'])) return null;
  const name = message.params?.['name'];
  if (typeof name !== 'string' || !plainName.test(name)) return null;
  const version = headers['mcp-protocol-version']?.toString();
  const route = classifyInboundRequest({
    httpMethod: 'POST',
    body: message,
    ...(version !== undefined && { protocolVersionHeader: version }),
  });
  if (route.kind === 'modern' && route.messageKind === 'request') {
    const { classification } = route;
    const named = headers['mcp-method'] === message.method && headers['mcp-name'] === name;
    return named && version === modernRevision ? { message, classification } : null;
  }
  // Anything but a well-formed request that claims no revision.
  if (route.kind !== 'legacy' || route.reason !== 'no-claim') return null;
  if (version !== undefined && !revisions.legacy.includes(version)) return null;
  const { accept = '' } = headers;
  const readsBoth = accept.includes('application/json') && accept.includes('text/event-stream');
  return readsBoth ? { message, classification: { era: 'legacy' } } : null;
}

/** By its method alone; the classification finds out whether it is a well-formed request. */
function isCall(message: unknown): message is JSONRPCRequest {
  return typeof message === 'object' && message !== null && 'method' in message && message.method === 'tools/call';
}

/**
 * Provides the result of a call as text. The SDK's transport would wrap it in a web Response, which
 * the route would have to read again. It still does so for errors and for results after
 * notifications.
 */
class CallTransport extends PerRequestHTTPServerTransport {
  readonly result: Promise<string>;
  #resolve: (text: string) => void;
  #isStream = false;

  constructor(classification: MessageClassification) {
    super({ classification });
    ({ promise: this.result, resolve: this.#resolve } = Promise.withResolvers<string>());
  }

  override async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    if ('result' in message && !this.#isStream) return this.#resolve(JSON.stringify(message));
    this.#isStream = true;
    return super.send(message, options);
  }
}

/**
 * Answers a call on `server`, which must be of the call's era and serves nothing else. Returns the
 * JSON text of the result, or a Response. If the signal aborts first, stops the work and throws the
 * signal's reason.
 */
export async function answerPlainCall(
  { message, classification }: PlainCall,
  server: Server,
  signal: AbortSignal,
): Promise<string | Response> {
  signal.throwIfAborted();
  const transport = new CallTransport(classification);
  // A closed transport cancels its call.
  signal.addEventListener('abort', () => transport.close(), { once: true });
  await server.connect(transport);
  try {
    return await Promise.race([transport.result, transport.handleMessage(message)]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
