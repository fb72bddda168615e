import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The server under test: a health port, and the status that the engine reports. */
export class FakeTarget {
  status: 'running' | 'paused' | 'exited' | 'restarting' = 'running';
  ready = true;
  /** Body of its health response. */
  detail: object = {};
  starts = 0;
  port = 0;
  #http: Server | null = null;

  async start(): Promise<void> {
    this.#http = createServer((_request, response) =>
      response.writeHead(this.ready ? 200 : 503).end(JSON.stringify(this.detail)),
    );
    const http = this.#http;
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject);
      http.listen(this.port, '127.0.0.1', resolve);
    });
    this.port = (http.address() as AddressInfo).port;
    this.status = 'running';
    this.starts += 1;
  }

  /** Stops the server at once and closes its connections; nothing restarts it. */
  kill(): void {
    this.status = 'exited';
    this.#http?.closeAllConnections();
    this.#http?.close();
    this.#http = null;
  }
}
