/**
 * For tests: a TCP proxy in front of the database that can lose a response, add latency, and cut or
 * refuse connections.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

export class DatabaseProxy implements AsyncDisposable {
  readonly url: string;
  /**
   * After a client sends this text, the next response is discarded and the connection is closed.
   */
  cutAfter: string | null = null;
  cuts = 0;
  /** Delay of each response. */
  delayMs = 0;
  readonly #port: number;
  readonly #databasePort: number;
  readonly #sockets = new Set<Socket>();
  #server: Server;

  static async open(database: { url: string; port: number }): Promise<DatabaseProxy> {
    const server = await listen(0);
    return new DatabaseProxy(server, database);
  }

  private constructor(server: Server, { url, port }: { url: string; port: number }) {
    const address = server.address();
    this.#port = typeof address === 'object' && address !== null ? address.port : 0;
    this.#databasePort = port;
    this.url = url.replace(String(port), String(this.#port));
    this.#server = server;
    server.on('connection', (client) => this.#join(client));
  }

  /** Closes all connections at once and refuses new ones for `forMs`. */
  async cutAndRefuse(forMs: number): Promise<void> {
    await this.#close();
    await new Promise((done) => setTimeout(done, forMs));
    this.#server = await listen(this.#port);
    this.#server.on('connection', (client) => this.#join(client));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #close(): Promise<void> {
    const closed = new Promise((done) => this.#server.close(done));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #join(client: Socket): void {
    const upstream = connect(this.#databasePort, '127.0.0.1');
    let discardsNext = false;
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (data) => {
      if (this.cutAfter !== null && data.includes(this.cutAfter)) {
        this.cutAfter = null;
        discardsNext = true;
      }
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (discardsNext) {
        this.cuts += 1;
        client.destroy();
      } else if (this.delayMs === 0) {
        client.write(data);
      } else {
        setTimeout(() => client.destroyed || client.write(data), this.delayMs);
      }
    });
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((done, fail) => server.once('error', fail).listen(port, '127.0.0.1', done));
  return server;
}
