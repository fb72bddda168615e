/**
 * Toxiproxy through toxiproxy-node-client, plus a timeout for each call, the body of error
 * responses, and toxics that can be read back.
 */
import { describeError, EncoreError, httpExchange, jsonRequest, parse } from '@encore/kit';
import { Toxiproxy, Proxy as ToxiproxyProxy } from 'toxiproxy-node-client';
import { HttpClient } from 'toxiproxy-node-client/dist/HttpClient.js';
import { z } from 'zod';

const toxicSchema = z.object({
  name: z.string(),
  type: z.string(),
  stream: z.enum(['upstream', 'downstream']),
  toxicity: z.number(),
  attributes: z.record(z.string(), z.number()),
});
export type Toxic = z.infer<typeof toxicSchema>;

const proxySchema = z.object({
  name: z.string(),
  listen: z.string(),
  upstream: z.string(),
  enabled: z.boolean(),
  toxics: z
    .array(toxicSchema)
    .nullish()
    .transform((toxics) => toxics ?? []),
});
export type ProxyState = z.infer<typeof proxySchema>;

/** What the injector needs from a proxy server; implemented by Toxiproxy and by a fake. */
export interface Proxies {
  version(): Promise<string>;
  /**
   * Also the health check: it takes the lock that a frozen Toxiproxy holds permanently; /version
   * does not.
   */
  list(): Promise<Record<string, ProxyState>>;
  create(proxy: { name: string; listen: string; upstream: string }): Promise<void>;
  remove(name: string): Promise<void>;
  setEnabled(name: string, enabled: boolean): Promise<void>;
  addToxic(proxy: string, toxic: Toxic): Promise<void>;
  removeToxic(proxy: string, toxic: string): Promise<void>;
}

const proxiesSchema = z.record(z.string(), proxySchema);
const versionSchema = z.object({ version: z.string() });

export interface ToxiproxyOptions {
  /** Timeout of each call. A frozen Toxiproxy accepts connections and never responds. */
  timeoutMs?: number;
  /** The embedded proxy requires a token; Toxiproxy has no authentication. */
  token?: string | undefined;
}

export class ToxiproxyApi implements Proxies {
  readonly #client: Toxiproxy;

  constructor(url: string, { timeoutMs = 3_000, token }: ToxiproxyOptions = {}) {
    this.#client = new Toxiproxy(url);
    this.#client.api = new BoundedHttpClient(timeoutMs, token);
  }

  async version(): Promise<string> {
    return parse(versionSchema, JSON.parse(await this.#client.getVersion()), 'version of Toxiproxy').version;
  }

  /** Reads the raw response, because the client's `getAll` omits the toxics. */
  async list(): Promise<Record<string, ProxyState>> {
    const { data } = await this.#client.api.get(`${this.#client.host}/proxies`);
    return parse(proxiesSchema, data, 'proxies of Toxiproxy');
  }

  async create(proxy: { name: string; listen: string; upstream: string }): Promise<void> {
    await unless(409, this.#client.createProxy({ ...proxy, enabled: true }));
  }

  async remove(name: string): Promise<void> {
    await unless(404, this.#proxy(name).remove());
  }

  async setEnabled(name: string, enabled: boolean): Promise<void> {
    // Toxiproxy keeps fields that are not sent; the client's type requires all of them.
    await this.#proxy(name).update({ enabled } as Parameters<ToxiproxyProxy['update']>[0]);
  }

  async addToxic(proxy: string, toxic: Toxic): Promise<void> {
    await unless(409, this.#proxy(proxy).addToxic(toxic as Parameters<ToxiproxyProxy['addToxic']>[0]));
  }

  async removeToxic(proxy: string, name: string): Promise<void> {
    const remove = async () => await (await this.#proxy(proxy).getToxic(name)).remove();
    await unless(404, remove());
  }

  /** A handle for further requests; sends none itself. */
  #proxy(name: string): ToxiproxyProxy {
    return new ToxiproxyProxy(this.#client, { name, listen: '', upstream: '', enabled: true, toxics: [] });
  }
}

/** The client's HTTP with a timeout, and with status and body of an error. */
class BoundedHttpClient extends HttpClient {
  readonly #timeoutMs: number;
  readonly #token: string | undefined;

  constructor(timeoutMs: number, token: string | undefined) {
    super();
    this.#timeoutMs = timeoutMs;
    this.#token = token;
  }

  override async get<T>(url: string): Promise<{ data: T }> {
    return { data: dataIn<T>(await this.#send('GET', url)) };
  }

  override async post<T>(url: string, body?: unknown): Promise<{ data: T }> {
    return { data: dataIn<T>(await this.#send('POST', url, body)) };
  }

  override async delete(url: string): Promise<void> {
    await this.#send('DELETE', url);
  }

  override getText(url: string): Promise<string> {
    return this.#send('GET', url);
  }

  async #send(method: string, url: string, body?: unknown): Promise<string> {
    const what = `Toxiproxy ${method} ${new URL(url).pathname}`;
    const signal = AbortSignal.timeout(this.#timeoutMs);
    let status: number;
    let text: string;
    try {
      ({ status, text } = await httpExchange(url, { method, signal, ...jsonRequest({ body, token: this.#token }) }));
    } catch (error) {
      const message = `${what}: no response within ${this.#timeoutMs / 1_000} s: ${describeError(error)}`;
      throw new EncoreError('PROXY_UNREACHABLE', message, { cause: error });
    }
    if (status >= 400) throw new ToxiproxyRefusal(`${what}: ${status} ${text.slice(0, 300).trim()}`, status);
    return text;
  }
}

class ToxiproxyRefusal extends EncoreError {
  readonly toxiproxyStatus: number;

  constructor(message: string, toxiproxyStatus: number) {
    super('PROXY_REFUSED', message);
    this.toxiproxyStatus = toxiproxyStatus;
  }
}

/** Some methods of the client expect data in an empty response. */
function dataIn<T>(text: string): T {
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** Ignores `status`, which Toxiproxy returns when the wanted state is already reached. */
async function unless(status: number, call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof ToxiproxyRefusal && error.toxiproxyStatus === status)) throw error;
  }
}
