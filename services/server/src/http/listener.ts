/**
 * A listening port with strict limits against slow clients. It can stop without dropping admitted
 * requests.
 */
import type { RequestListener, Server, ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { createServer } from '@encore/kit';
import { refuseTunnel, rejectBrokenRequest, unknownExpectation } from './broken-request.ts';
import { sendError } from './error-response.ts';

export interface ListenerOptions {
  host: string;
  port: number;
  requestTimeoutMs: number;
  maxConnections: number;
}

/** A client that takes longer to send its head is disconnected. */
const headersTimeoutMs = 5_000;
/**
 * Longer than any client of the lab keeps an idle connection, so that no connection closes under a
 * new request.
 */
const keepAliveTimeoutMs = 75_000;
/**
 * How long idle connections may send one more request while stopping; its response has Connection:
 * close.
 */
const idleGraceMs = 500;
const stopCheckMs = 50;

export class Listener {
  readonly port: number;
  readonly #server: Server;
  /** Responses that are not complete. */
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
        // We reject a missing Host header ourselves, so that it gets the same error body as an
        // unknown one.
        requireHostHeader: false,
        keepAlive: true,
        noDelay: true,
      },
      (request, response) => {
        open.add(response);
        response.once('close', () => open.delete(response));
        // The server is stopping: the client should not send another request on this connection.
        if (!server.listening) response.setHeader('connection', 'close');
        app(request, response);
      },
    );
    server.on('clientError', (error, socket) => {
      const pending = [...open].filter(({ req }) => req.socket === socket);
      rejectBrokenRequest(
        error,
        socket,
        pending.some(({ req, headersSent }) => req.complete || headersSent),
      );
    });
    server.on('connection', (socket) => {
      socket.once('close', () => process.nextTick(closeQueued, socket, open));
    });
    server.on('checkExpectation', (_request, response) => sendError(response, unknownExpectation()));
    server.on('connect', (_request, socket) => refuseTunnel(socket));
    server.maxConnections = options.maxConnections;
    server.maxRequestsPerSocket = 0;
    // Closes a connection without traffic in either direction.
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

  /**
   * Stops accepting connections, lets admitted requests finish, and closes the rest at the
   * deadline. Returns true if all of them finished.
   */
  async stop(deadlineMs: number): Promise<boolean> {
    const startedAt = performance.now();
    // http.Server.close would close idle connections at once, losing requests that are already in
    // transit.
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
    // Only idle connections and incomplete heads are left.
    this.#server.closeAllConnections();
    await closed;
    return drained;
  }
}

/**
 * Node emits 'close' only on the response that is being sent. Pipelined responses behind it would
 * wait forever.
 */
function closeQueued(socket: Socket, open: ReadonlySet<ServerResponse>): void {
  for (const response of open) {
    if (response.req.socket === socket) response.emit('close');
  }
}
