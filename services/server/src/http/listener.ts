/** A listening port with tight limits against slow clients, that can stop without dropping what it has admitted. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';

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

export class Listener {
  readonly port: number;
  readonly #server: Server;
  #stopping = false;

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  static async open(app: RequestListener, options: ListenerOptions): Promise<Listener> {
    const server = createServer(
      {
        headersTimeout: headersTimeoutMs,
        requestTimeout: options.requestTimeoutMs,
        keepAliveTimeout: keepAliveTimeoutMs,
        connectionsCheckingInterval: 500,
        maxHeaderSize: 16_384,
        keepAlive: true,
        noDelay: true,
      },
      (request, response) => {
        if (listener?.stopping) response.setHeader('connection', 'close');
        app(request, response);
      },
    );
    server.maxConnections = options.maxConnections;
    server.maxRequestsPerSocket = 0;
    // A connection on which nothing at all moves, in either direction.
    server.timeout = options.requestTimeoutMs + 5_000;
    let listener: Listener | null = null;
    await new Promise<void>((done, failed) => {
      server.once('error', failed);
      server.listen({ port: options.port, host: options.host, backlog: 1_024 }, () => {
        server.off('error', failed);
        done();
      });
    });
    listener = new Listener(server);
    return listener;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** Stops accepting at once, lets admitted requests end, cuts what is left at the deadline. True when nothing was cut. */
  async stop(deadlineMs: number): Promise<boolean> {
    this.#stopping = true;
    // http.Server.close would cut idle connections at once, and with them requests that are already on their way.
    const closed = new Promise<true>((done) => NetServer.prototype.close.call(this.#server, () => done(true)));
    const idle = setTimeout(() => this.#server.closeIdleConnections(), idleGraceMs);
    const late = new Promise<false>((done) => {
      setTimeout(() => done(false), deadlineMs).unref();
    });
    const drained = await Promise.race([closed, late]);
    clearTimeout(idle);
    this.#server.closeAllConnections();
    await closed;
    return drained;
  }
}
