/**
 * One lasting connection between one of the SDK's servers and all clients that call tools: the SDK's handler makes a server, a
 * transport and a web Response for each request, which costs more than the call. Here the SDK still checks, dispatches and answers
 * each message, but is built once.
 *
 * Clients choose their ids, so each call goes in under a number of its own and its answer comes out under the client's id.
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
  /** As the client knows it. */
  readonly id: RequestId;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
  readonly answered: PromiseWithResolvers<void>;
  /** By the SDK, before any handler has seen it. */
  refused: boolean;
}

/** The SDK's transport of 2026-07-28 binds its server to that revision; nothing else of it is used. */
export class CallChannel extends PerRequestHTTPServerTransport {
  readonly #classified: MessageClassification;
  readonly #calls = new Map<RequestId, OpenCall>();
  #lastId = 0;
  /** The call that the SDK is being handed just now. */
  #entering: OpenCall | null = null;

  private constructor(classification: MessageClassification) {
    super({ classification });
    this.#classified = classification;
  }

  static async open(server: Server, era: ProtocolEra, onError: (error: Error) => void): Promise<CallChannel> {
    const channel = new CallChannel(era === 'modern' ? { era, revision: modernRevision } : { era });
    server.onerror = (error) => {
      // What the SDK cannot make anything of it reports, and does not answer.
      if (channel.#entering) channel.#entering.refused = true;
      onError(error);
    };
    await server.connect(channel);
    return channel;
  }

  /**
   * Answers a call. False when the SDK refused it before any handler saw it: then nothing was answered, for with which status
   * it is to be refused is known to the SDK's own handler. Throws the signal's reason when that is aborted first; the work is then stopped.
   */
  async answer(message: JSONRPCRequest, response: ServerResponse, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    const id = ++this.#lastId;
    const call = { id: message.id, response, signal, answered: Promise.withResolvers<void>(), refused: false };
    const giveUp = (): void => this.#giveUp(id, call);
    this.#calls.set(id, call);
    signal.addEventListener('abort', giveUp);
    try {
      this.#enter({ ...message, id }, call);
      if (!call.refused) await call.answered.promise;
      return !call.refused;
    } finally {
      this.#calls.delete(id);
      signal.removeEventListener('abort', giveUp);
    }
  }

  override async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    const isAnswer = !('method' in message);
    const call = this.#calls.get((isAnswer ? message.id : options?.relatedRequestId) ?? '');
    // Given up in the meantime.
    if (!call) return;
    if (!isAnswer) return stream(message, call);
    if (call === this.#entering) call.refused = true;
    else end({ ...message, id: call.id }, call);
  }

  #enter(message: JSONRPCRequest, call: OpenCall): void {
    this.#entering = call;
    try {
      this.onmessage?.(message, { classification: this.#classified });
    } finally {
      this.#entering = null;
    }
  }

  /** Tells the SDK, which stops the work and sends no answer. */
  #giveUp(requestId: number, { signal, answered }: OpenCall): void {
    this.onmessage?.(
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } },
      { classification: this.#classified },
    );
    answered.reject(signal.reason);
  }
}

function end(message: JSONRPCMessage, { response, answered }: OpenCall): void {
  if (response.headersSent) {
    response.end(asEvent(message));
  } else {
    const lacksCapability =
      'error' in message && message.error.code === ProtocolErrorCode.MissingRequiredClientCapability;
    response.statusCode = lacksCapability ? 400 : 200;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(message));
  }
  answered.resolve();
}

/** What is told before the answer, progress for example, makes the answer a stream of events. */
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
