/**
 * Toxiproxy's API, each call with a deadline and its answer parsed. (toxiproxy-node-client has neither deadlines nor a
 * way to read toxics back; the contract tests use it as the judge.)
 */
import { describeError, EncoreError, parse } from '@encore/kit';
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

/** What the injector needs of a proxy with links; the real one and a fake for tests and simulation. */
export interface Proxies {
  version(): Promise<string>;
  /** Also the health check: it takes the lock that a frozen Toxiproxy holds for ever, which /version does not. */
  list(): Promise<Record<string, ProxyState>>;
  create(proxy: { name: string; listen: string; upstream: string }): Promise<void>;
  remove(name: string): Promise<void>;
  setEnabled(name: string, enabled: boolean): Promise<void>;
  addToxic(proxy: string, toxic: Toxic): Promise<void>;
  removeToxic(proxy: string, toxic: string): Promise<void>;
}

const nothing = z.unknown();

export class ToxiproxyApi implements Proxies {
  readonly #url: string;
  readonly #timeoutMs: number;

  constructor(url: string, timeoutMs = 3_000) {
    this.#url = url;
    this.#timeoutMs = timeoutMs;
  }

  async version(): Promise<string> {
    const { version } = await this.#call('GET', '/version', z.object({ version: z.string() }));
    return version;
  }

  list(): Promise<Record<string, ProxyState>> {
    return this.#call('GET', '/proxies', z.record(z.string(), proxySchema));
  }

  async create(proxy: { name: string; listen: string; upstream: string }): Promise<void> {
    await this.#call('POST', '/proxies', nothing, { ...proxy, enabled: true }, [409]);
  }

  async remove(name: string): Promise<void> {
    await this.#call('DELETE', path(name), nothing, undefined, [404]);
  }

  async setEnabled(name: string, enabled: boolean): Promise<void> {
    await this.#call('POST', path(name), nothing, { enabled });
  }

  async addToxic(proxy: string, toxic: Toxic): Promise<void> {
    await this.#call('POST', `${path(proxy)}/toxics`, nothing, toxic, [409]);
  }

  async removeToxic(proxy: string, toxic: string): Promise<void> {
    await this.#call('DELETE', `${path(proxy)}/toxics/${encodeURIComponent(toxic)}`, nothing, undefined, [404]);
  }

  /** `alreadySo`: statuses that mean that it is so already. */
  async #call<Schema extends z.ZodType>(
    method: string,
    path: string,
    schema: Schema,
    body?: unknown,
    alreadySo: readonly number[] = [],
  ): Promise<z.infer<Schema>> {
    const what = `Toxiproxy ${method} ${path}`;
    let response: { status: number; text: string };
    try {
      response = await this.#fetch(method, path, body);
    } catch (error) {
      throw new EncoreError(
        'PROXY_UNREACHABLE',
        `${what}: no answer within ${this.#timeoutMs} ms: ${describeError(error)}`,
        {
          status: 503,
          cause: error,
        },
      );
    }
    if (response.status >= 400 && !alreadySo.includes(response.status))
      throw new EncoreError('PROXY_REFUSED', `${what}: ${response.status} ${response.text.slice(0, 300).trim()}`, {
        status: 502,
        definite: true,
      });
    return parse(schema, response.text === '' ? undefined : JSON.parse(response.text), `answer of ${what}`);
  }

  async #fetch(method: string, path: string, body: unknown): Promise<{ status: number; text: string }> {
    const init: RequestInit = { method, signal: AbortSignal.timeout(this.#timeoutMs) };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { 'content-type': 'application/json' };
    }
    const response = await fetch(`${this.#url}${path}`, init);
    return { status: response.status, text: await response.text() };
  }
}

const path = (proxy: string): string => `/proxies/${encodeURIComponent(proxy)}`;
