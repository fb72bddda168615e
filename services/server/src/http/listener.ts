/**
 * A listening port with strict limits against slow clients. It can stop without dropping admitted
 * requests.
 */
import type { RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer } from '@encore/kit';
import { refuseTunnel, rejectBrokenRequest, unknownExpectation } from './broken-request.ts';
import { sendError } from './error-response.ts';

export interface ListenerOptions {
  host: string;
  port: number;
  requestTimeoutMs: number;
  maxConnections: number;
}

interface State {
  /** Responses that are not complete. */
  readonly open: Set<ServerResponse>;
  stopping: boolean;
}

/** A client that takes longer to send its head is disconnected. */
const headersTimeoutMs = 5_000;
/**
 * Longer than any client of the lab keeps an idle connection, so that no connection closes under a
 * new request.
 */
const keepAliveTimeoutMs = 75_000;
/**
 * While stopping, requests are still accepted for this long: those that are in transit on idle
 * connections would be lost otherwise. Their responses have Connection: close.
 */
const idleGraceMs = 500;
const stopCheckMs = 50;

export class Listener {
  readonly port: number;
  readonly #server: Server;
  readonly #state: State;

  private constructor(server: Server, state: State) {
    this.#server = server;
    this.#state = state;
    this.port = (server.address() as AddressInfo).port;
  }

  static async open(app: RequestListener, options: ListenerOptions): Promise<Listener> {
    const state: State = { open: new Set(), stopping: false };
    const server = createServer(
      {
        // Node refuses one that is longer than the request timeout.
        headersTimeout: Math.min(headersTimeoutMs, options.requestTimeoutMs),
        requestTimeout: options.requestTimeoutMs,
        keepAliveTimeout: keepAliveTimeoutMs,
        connectionsCheckingInterval: 500,
        maxHeaderSize: 16_384,
        // We reject a missing Host header ourselves, so that it gets the same error body as an
        // unknown one.
        requireHostHeader: false,
        keepAlive: true,
      },
      (request, response) => {
        state.open.add(response);
        response.once('close', () => state.open.delete(response));
        if (state.stopping) response.setHeader('connection', 'close');
        app(request, response);
      },
    );
    server.on('clientError', (error, socket) => {
      const pending = [...state.open].filter(({ req }) => req.socket === socket);
      rejectBrokenRequest(
        error,
        socket,
        pending.some(({ req, headersSent }) => req.complete || headersSent),
        pending.at(-1)?.req.url,
      );
    });
    server.on('checkExpectation', (_request, response) => sendError(response, unknownExpectation()));
    server.on('connect', (_request, socket) => refuseTunnel(socket));
    server.maxConnections = options.maxConnections;
    // Disconnects a client that does not read its responses. Refusals have no other deadline.
    server.timeout = options.requestTimeoutMs + 5_000;
    await new Promise<void>((done, failed) => {
      server.once('error', failed);
      server.listen({ port: options.port, host: options.host, backlog: 1_024 }, () => {
        server.off('error', failed);
        done();
      });
    });
    return new Listener(server, state);
  }

  /**
   * Answers requests for a moment longer, then refuses connections, lets admitted requests finish,
   * and closes the rest at the deadline. Returns true if all of them finished.
   */
  async stop(deadlineMs: number): Promise<boolean> {
    const startedAt = performance.now();
    const { open } = this.#state;
    this.#state.stopping = true;
    for (const response of open) {
      if (!response.headersSent) response.setHeader('connection', 'close');
    }
    await sleep(Math.min(idleGraceMs, deadlineMs));
    // Also closes the idle connections.
    const closed = new Promise<void>((done) => this.#server.close(() => done()));
    while (open.size > 0 && performance.now() - startedAt < deadlineMs) await sleep(stopCheckMs);
    const drained = open.size === 0;
    // Only incomplete heads are left; after the deadline, responses too.
    this.#server.closeAllConnections();
    await closed;
    return drained;
  }
}
