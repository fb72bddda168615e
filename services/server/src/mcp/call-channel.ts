/**
 * A permanent connection between one SDK server and all clients that call tools. The SDK's own
 * handler creates a server, a transport and a web Response per request, which costs more than the
 * call. Here the SDK still validates, dispatches and answers each message, but the server is
 * created once.
 *
 * Clients choose their request ids, so each call is sent under a unique internal id, and its
 * response gets the client's id back.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import {
  type JSONRPCMessage,
  type JSONRPCRequest,
  type MessageClassification,
  PerRequestHTTPServerTransport,
  type ProtocolEra,
  ProtocolErrorCode,
  type RequestId,
  type Server,
  type TransportSendOptions,
} from '@modelcontextprotocol/server';
import { modernRevision } from './plain-call.ts';

interface OpenCall {
  /** The client's id. */
  readonly id: RequestId;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
  readonly answered: PromiseWithResolvers<void>;
  /** True if the SDK refused the call before any handler ran. */
  refused: boolean;
}

/** Extends the SDK's transport of 2026-07-28 only because that binds its server to the revision. */
export class CallChannel extends PerRequestHTTPServerTransport {
  readonly #classification: MessageClassification;
  readonly #calls = new Map<RequestId, OpenCall>();
  #lastId = 0;
  /** The call that is being passed to the SDK. */
  #dispatching: OpenCall | null = null;

  private constructor(classification: MessageClassification) {
    super({ classification });
    this.#classification = classification;
  }

  static async open(server: Server, era: ProtocolEra, onError: (error: Error) => void): Promise<CallChannel> {
    const channel = new CallChannel(era === 'modern' ? { era, revision: modernRevision } : { era });
    server.onerror = (error) => {
      // The SDK reports an invalid message here and sends no response to it.
      if (channel.#dispatching) channel.#dispatching.refused = true;
      onError(error);
    };
    await server.connect(channel);
    return channel;
  }

  /**
   * Answers a call. Returns false, without a response, if the SDK refused the call before any
   * handler ran: the SDK's own handler then knows the right status. If the signal aborts first,
   * stops the work and throws the signal's reason.
   */
  async answer(message: JSONRPCRequest, response: ServerResponse, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    const id = ++this.#lastId;
    const call = { id: message.id, response, signal, answered: Promise.withResolvers<void>(), refused: false };
    const cancel = (): void => this.#cancel(id, call);
    this.#calls.set(id, call);
    signal.addEventListener('abort', cancel);
    try {
      this.#dispatch({ ...message, id }, call);
      if (!call.refused) await call.answered.promise;
      return !call.refused;
    } finally {
      this.#calls.delete(id);
      signal.removeEventListener('abort', cancel);
    }
  }

  override async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    const isResponse = !('method' in message);
    const call = this.#calls.get((isResponse ? message.id : options?.relatedRequestId) ?? '');
    // The call was cancelled meanwhile.
    if (!call) return;
    if (!isResponse) return stream(message, call);
    if (call === this.#dispatching) call.refused = true;
    else end({ ...message, id: call.id }, call);
  }

  #dispatch(message: JSONRPCRequest, call: OpenCall): void {
    this.#dispatching = call;
    try {
      this.onmessage?.(message, { classification: this.#classification });
    } finally {
      this.#dispatching = null;
    }
  }

  /** Cancels the call in the SDK, which stops the work and sends no response. */
  #cancel(requestId: number, { signal, answered }: OpenCall): void {
    this.onmessage?.(
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } },
      { classification: this.#classification },
    );
    answered.reject(signal.reason);
  }
}

function end(message: JSONRPCMessage, { response, answered }: OpenCall): void {
  if (response.headersSent) {
    response.end(asEvent(message));
  } else {
    const missingCapability =
      'error' in message && message.error.code === ProtocolErrorCode.MissingRequiredClientCapability;
    response.statusCode = missingCapability ? 400 : 200;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(message));
  }
  answered.resolve();
}

/** A message before the response, such as progress, turns the response into an event stream. */
async function stream(message: JSONRPCMessage, { response, signal }: OpenCall): Promise<void> {
  if (!response.headersSent) {
    response.setHeader('content-type', 'text/event-stream');
    response.setHeader('cache-control', 'no-cache, no-transform');
    response.setHeader('x-accel-buffering', 'no');
  }
  if (!response.write(asEvent(message))) await once(response, 'drain', { signal });
}

function asEvent(message: JSONRPCMessage): string {
  return `event: message\ndata: ${JSON.stringify(message)}\n\n`;
}
