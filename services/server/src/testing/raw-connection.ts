/**
 * For tests: a connection that sends exactly the given bytes, well-formed or not, and collects the
 * responses.
 */
import { connect, type Socket } from 'node:net';
import { waitUntil } from '@encore/kit';

export interface RawResponse {
  status: number;
  head: string;
  body: string;
}

export class RawConnection {
  readonly socket: Socket;
  closed = false;
  #received = Buffer.alloc(0);

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.on('data', (data) => {
      this.#received = Buffer.concat([this.#received, data]);
    });
    this.socket.on('error', () => {});
    for (const event of ['end', 'close']) {
      this.socket.on(event, () => {
        this.closed = true;
      });
    }
  }

  send(...pieces: (string | Uint8Array)[]): this {
    for (const piece of pieces) this.socket.write(piece);
    return this;
  }

  /**
   * The complete responses so far, including interim ones (100). All responses of the server have a
   * length.
   */
  get responses(): RawResponse[] {
    const responses: RawResponse[] = [];
    let text = this.#received.toString('latin1');
    for (;;) {
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return responses;
      const head = text.slice(0, end);
      const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
      if (text.length < end + 4 + length) return responses;
      responses.push({ status: Number(head.slice(9, 12)), head, body: text.slice(end + 4, end + 4 + length) });
      text = text.slice(end + 4 + length);
    }
  }

  /** Waits for `count` responses or the end of the connection, and returns all responses so far. */
  async receive(count = 1, timeoutMs = 10_000): Promise<RawResponse[]> {
    await waitUntil('a response', () => this.responses.length >= count || this.closed, { timeoutMs, everyMs: 10 });
    return this.responses;
  }

  async untilClosed(timeoutMs = 10_000): Promise<void> {
    await waitUntil('the end of the connection', () => this.closed, { timeoutMs, everyMs: 10 });
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}
