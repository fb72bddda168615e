/** One proxy: a listener, its connections, and the toxics that all its streams share. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Stream } from './stream.ts';
import type { ToxicSetting } from './toxic-setting.ts';

interface Connection {
  readonly sockets: readonly Socket[];
  readonly streams: Map<ToxicSetting['stream'], Stream>;
}

export interface ProxySetting {
  name: string;
  listen: string;
  upstream: string;
}

export class TcpProxy {
  readonly name: string;
  readonly #random: () => number;
  readonly #connections = new Set<Connection>();
  #listen: string;
  #upstream: string;
  #server: Server | null = null;
  #toxics: readonly ToxicSetting[] = [];

  constructor(setting: ProxySetting, random: () => number) {
    this.name = setting.name;
    this.#listen = setting.listen;
    this.#upstream = setting.upstream;
    this.#random = random;
  }

  /** The listen address; after start, with the real port. */
  get listen(): string {
    return this.#listen;
  }

  get upstream(): string {
    return this.#upstream;
  }

  get enabled(): boolean {
    return this.#server !== null;
  }

  get toxics(): readonly ToxicSetting[] {
    return this.#toxics;
  }

  set toxics(toxics: readonly ToxicSetting[]) {
    this.#toxics = toxics;
    for (const { streams } of this.#connections)
      for (const [direction, stream] of streams) stream.setToxics(this.#toxicsOf(direction));
  }

  async start(): Promise<void> {
    if (this.#server) return;
    const { host, port } = parseAddress(this.#listen);
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) =>
      this.#accept(client),
    );
    server.listen(port, host);
    await once(server, 'listening');
    this.#listen = formatAddress(server.address() as AddressInfo);
    this.#server = server;
  }

  /** Closes the listener, so that new connections are refused, and every open connection. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = null;
    const closed = once(server, 'close');
    server.close();
    for (const { sockets } of this.#connections) for (const socket of sockets) socket.destroy();
    await closed;
  }

  async change(to: { listen: string; upstream: string; enabled: boolean }): Promise<void> {
    if (to.listen !== this.#listen || to.upstream !== this.#upstream) {
      await this.stop();
      this.#listen = to.listen;
      this.#upstream = to.upstream;
    }
    await (to.enabled ? this.start() : this.stop());
  }

  #toxicsOf(stream: ToxicSetting['stream']): ToxicSetting[] {
    return this.#toxics.filter((toxic) => toxic.stream === stream);
  }

  #accept(client: Socket): void {
    const server = connect({ ...parseAddress(this.#upstream), allowHalfOpen: true, noDelay: true });
    const connection: Connection = { sockets: [client, server], streams: new Map() };
    this.#connections.add(connection);
    const hangUp = (kind: 'close' | 'reset') => {
      for (const socket of connection.sockets) {
        if (kind === 'reset') socket.resetAndDestroy();
        else if (socket.connecting) socket.destroy();
        else socket.destroySoon();
      }
    };
    for (const socket of connection.sockets) {
      // 'close' informs the other side; the error itself adds nothing.
      socket.on('error', () => {});
      socket.on('close', () => {
        if (connection.streams.size === 0) hangUp('close');
        if (connection.sockets.every(({ closed }) => closed)) this.#connections.delete(connection);
      });
    }
    const finished = new Set<ToxicSetting['stream']>();
    server.once('connect', () => {
      const connectStream = (source: Socket, destination: Socket, direction: ToxicSetting['stream']) => {
        const done = () => {
          finished.add(direction);
          if (finished.size === 2) hangUp('close');
        };
        const ends = { source, destination, hangUp, done };
        connection.streams.set(direction, new Stream(ends, this.#random, this.#toxicsOf(direction)));
      };
      connectStream(client, server, 'upstream');
      connectStream(server, client, 'downstream');
      client.resume();
    });
  }
}

/** Addresses in Go's notation: `host:port`, `[::1]:port`, `:port`. */
function parseAddress(address: string): { host: string; port: number } {
  const match = /^(?:\[(?<v6>.*)\]|(?<host>[^:]*)):(?<port>\d{1,5})$/.exec(address);
  const port = Number(match?.groups?.['port']);
  if (!match || port > 65_535) throw new Error(`address ${address}: must be host:port`);
  const host = match.groups?.['v6'] ?? match.groups?.['host'];
  return { host: host || '0.0.0.0', port };
}

function formatAddress({ address, family, port }: AddressInfo): string {
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}
