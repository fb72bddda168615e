/** The shop in memory. It is correct unless a bug is seeded, which then shows once. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

interface Row {
  id: string;
  price: number;
  version: number;
}

interface Reply {
  status: number;
  text: string;
  /** The connection ends after this many characters of the text; at 0, before the response. */
  cutAt?: number;
}

export type Bug =
  | 'loses a write'
  | 'shows an old state after a restart'
  | 'executes a retry again'
  | 'shows a wrong field'
  | 'truncates a body'
  | 'cuts a response'
  | 'reports an error inside a 200'
  | 'writes to another id'
  | 'keeps a deleted object'
  | 'shows another object'
  | 'stores another value'
  | 'executes what it refuses';

/** The bug shows in the response to this request, counted over those with the same method. */
const showsAt = 5;

export class ShopServer implements AsyncDisposable {
  /** How often the bug showed. */
  shown = 0;
  readonly #bug: Bug | null;
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch(() => response.destroy());
  });
  #rows: Row[] = [];
  /** Responses by idempotency key. */
  readonly #answers = new Map<string, Row>();
  readonly #counts = new Map<string, number>();
  /** The key of the write whose response was cut. */
  #cutKey: string | null = null;
  /** What the disk has instead of a later version. */
  #unsaved: Row | null = null;

  private constructor(bug: Bug | null) {
    this.#bug = bug;
  }

  static async start(bug: Bug | null): Promise<ShopServer> {
    const shop = new ShopServer(bug);
    await new Promise<void>((done) => shop.#server.listen(0, '127.0.0.1', done));
    return shop;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Between two requests: everything is as the disk has it. */
  restart(): void {
    const old = this.#unsaved;
    if (old !== null) this.#rows = this.#rows.map((row) => (row.id === old.id ? old : row));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, text, cutAt } = await this.#replyTo(request);
    if (cutAt === 0) return void response.destroy();
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    if (cutAt === undefined) response.end(text);
    else response.write(text.slice(0, cutAt), () => response.destroy());
  }

  async #replyTo(request: IncomingMessage): Promise<Reply> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://shop');
    const id = pathname.split('/')[2] ?? '';
    if (pathname === '/health') return reply(200, {});
    const prefix = searchParams.get('prefix');
    if (prefix !== null) return reply(200, { data: this.#rows.filter((row) => row.id.startsWith(prefix)) });
    if (request.method === 'PUT') return this.#put(request, id);
    return request.method === 'DELETE' ? this.#delete(id) : this.#get(id);
  }

  async #put(request: IncomingMessage, id: string): Promise<Reply> {
    const { price } = (await json(request)) as { price: number };
    const key = String(request.headers['idempotency-key']);
    const known = this.#answers.get(key);
    if (known !== undefined) {
      if (this.#cutKey === key) this.#rows.push({ ...known });
      return reply(200, { data: known });
    }
    const before = this.#rows.find((row) => row.id === id);
    const row = { id, price, version: (before?.version ?? 0) + 1 };
    const isShown = (bug: Bug) => this.#shows(bug, 'PUT');
    if (isShown('reports an error inside a 200')) return reply(200, { error: { message: 'out of stock' } });
    this.#answers.set(key, row);
    if (before !== undefined && this.#shows('shows an old state after a restart', 'PUT', 1)) this.#unsaved = before;
    const stored = { ...row };
    if (isShown('stores another value')) stored.price += 1;
    if (isShown('writes to another id')) stored.id = `${id}x`;
    if (!isShown('loses a write')) this.#rows = [...this.#rows.filter((other) => other !== before), stored];
    if (isShown('executes what it refuses')) return reply(409, { error: { code: 'BUSY', definite: true } });
    if (!isShown('executes a retry again')) return reply(200, { data: row });
    this.#cutKey = key;
    return { ...reply(200, { data: row }), cutAt: 0 };
  }

  #delete(id: string): Reply {
    if (!this.#shows('keeps a deleted object', 'DELETE', 2)) this.#rows = this.#rows.filter((row) => row.id !== id);
    return reply(200, {});
  }

  #get(id: string): Reply {
    const row = this.#rows.find((one) => one.id === id);
    if (row === undefined) return reply(404, {});
    const isShown = (bug: Bug) => this.#shows(bug, 'GET');
    const other = this.#rows.find((one) => one.id !== id);
    if (other !== undefined && isShown('shows another object')) return reply(200, { data: other });
    if (isShown('shows a wrong field')) return reply(200, { data: { ...row, price: row.price + 1 } });
    const right = reply(200, { data: row });
    if (isShown('truncates a body')) return { ...right, text: right.text.slice(0, right.text.length / 2) };
    return isShown('cuts a response') ? { ...right, cutAt: right.text.length / 2 } : right;
  }

  #shows(bug: Bug, method: string, at = showsAt): boolean {
    if (bug !== this.#bug) return false;
    const count = (this.#counts.get(method) ?? 0) + 1;
    this.#counts.set(method, count);
    if (count !== at) return false;
    this.shown += 1;
    return true;
  }
}

function reply(status: number, body: object): Reply {
  return { status, text: JSON.stringify(body) };
}
