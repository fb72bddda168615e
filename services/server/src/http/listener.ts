/** A listening port with tight limits against slow clients, that can stop without dropping what it has admitted. */
import type { RequestListener, Server, ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { createServer } from '@encore/kit';
import { answerBrokenRequest, refuseTunnel, unknownExpectation } from './broken-request.ts';
import { answerError } from './error-answer.ts';

export interface ListenerOptions {
  host: string;
  port: number;
  requestTimeoutMs: number;
  maxConnections: number;
}

/** A client that sends its head more slowly than this is cut off. */
const headersTimeoutMs = 5_000;
/** Longer than any client of the lab keeps an idle connection, so that it is never closed under a request. */
const keepAliveTimeoutMs = 75_000;
/** How long idle connections may bring one more request while stopping; it is answered with Connection: close. */
const idleGraceMs = 500;
const stopCheckMs = 50;

export class Listener {
  readonly port: number;
  readonly #server: Server;
  /** Answers that are not finished. */
  readonly #open: Set<ServerResponse>;

  private constructor(server: Server, open: Set<ServerResponse>) {
    this.#server = server;
    this.#open = open;
    this.port = (server.address() as AddressInfo).port;
  }

  static async open(app: RequestListener, options: ListenerOptions): Promise<Listener> {
    const open = new Set<ServerResponse>();
    const server = createServer(
      {
        headersTimeout: headersTimeoutMs,
        requestTimeout: options.requestTimeoutMs,
        keepAliveTimeout: keepAliveTimeoutMs,
        connectionsCheckingInterval: 500,
        maxHeaderSize: 16_384,
        // Who names no host is refused like who names a wrong one, in our own format.
        requireHostHeader: false,
        keepAlive: true,
        noDelay: true,
      },
      (request, response) => {
        open.add(response);
        response.once('close', () => open.delete(response));
        // Not listening any more: this connection should not bring another request.
        if (!server.listening) response.setHeader('connection', 'close');
        app(request, response);
      },
    );
    server.on('clientError', (error, socket) => {
      const owed = [...open].filter(({ req }) => req.socket === socket);
      answerBrokenRequest(
        error,
        socket,
        owed.some(({ req, headersSent }) => req.complete || headersSent),
      );
    });
    server.on('connection', (socket) => {
      socket.once('close', () => process.nextTick(tellQueued, socket, open));
    });
    server.on('checkExpectation', (_request, response) => answerError(response, unknownExpectation()));
    server.on('connect', (_request, socket) => refuseTunnel(socket));
    server.maxConnections = options.maxConnections;
    server.maxRequestsPerSocket = 0;
    // A connection on which nothing at all moves, in either direction.
    server.timeout = options.requestTimeoutMs + 5_000;
    await new Promise<void>((done, failed) => {
      server.once('error', failed);
      server.listen({ port: options.port, host: options.host, backlog: 1_024 }, () => {
        server.off('error', failed);
        done();
      });
    });
    return new Listener(server, open);
  }

  /** Stops accepting at once, lets admitted requests end, cuts what is left at the deadline. True when nothing was cut. */
  async stop(deadlineMs: number): Promise<boolean> {
    const startedAt = performance.now();
    // http.Server.close would cut idle connections at once, and with them requests that are already on their way.
    const closed = new Promise<void>((done) => NetServer.prototype.close.call(this.#server, () => done()));
    for (const response of this.#open) {
      if (!response.headersSent) response.setHeader('connection', 'close');
    }
    let drained = false;
    await new Promise<void>((done) => {
      const timer = setInterval(() => {
        const elapsedMs = performance.now() - startedAt;
        drained = this.#open.size === 0 && elapsedMs >= idleGraceMs;
        if (!drained && elapsedMs < deadlineMs) return;
        clearInterval(timer);
        done();
      }, stopCheckMs);
    });
    // What is left has nothing to wait for: idle connections, and heads that were never sent to their end.
    this.#server.closeAllConnections();
    await closed;
    return drained;
  }
}

/** Node tells only the answer whose turn it is that its connection has gone. Those queued behind it would wait for ever. */
function tellQueued(socket: Socket, open: ReadonlySet<ServerResponse>): void {
  for (const response of open) {
    if (response.req.socket === socket) response.emit('close');
  }
}
