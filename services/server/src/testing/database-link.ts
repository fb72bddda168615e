/** For tests: what lies between the server and its database, and can lose an answer, be slow, break and be away. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export class DatabaseLink implements AsyncDisposable {
  readonly url: string;
  /** Once this text has gone to the database, its next answer is thrown away and the connection is cut. */
  cutAfter: string | null = null;
  cuts = 0;
  /** Of each answer. */
  delayMs = 0;
  readonly #port: number;
  readonly #databasePort: number;
  readonly #sockets = new Set<Socket>();
  #server: Server;

  static async open(database: { url: string; port: number }): Promise<DatabaseLink> {
    const server = await listen(0);
    return new DatabaseLink(server, database);
  }

  private constructor(server: Server, { url, port }: { url: string; port: number }) {
    const address = server.address();
    this.#port = typeof address === 'object' && address !== null ? address.port : 0;
    this.#databasePort = port;
    this.url = url.replace(String(port), String(this.#port));
    this.#server = server;
    server.on('connection', (client) => this.#join(client));
  }

  /** Every connection breaks at once, and for so long none is taken. */
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
    let doomed = false;
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
        doomed = true;
      }
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (doomed) {
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
