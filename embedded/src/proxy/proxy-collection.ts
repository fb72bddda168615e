/** All proxies by name, and the operations of the API on them. */
import { z } from 'zod';
import * as errors from './proxy-error.ts';
import { TcpProxy } from './tcp-proxy.ts';
import type { ToxicSetting } from './toxic-setting.ts';
import { toxicTypes } from './toxics/toxic-types.ts';

const proxyInput = z.object({
  name: z.string().default(''),
  listen: z.string().default(''),
  upstream: z.string().default(''),
  enabled: z.boolean().default(true),
});
const proxyChange = z.object({ listen: z.string(), upstream: z.string(), enabled: z.boolean() }).partial();
const attributesSchema = z.record(z.string(), z.unknown());
const toxicInput = z.object({
  name: z.string().default(''),
  type: z.string().default(''),
  stream: z.string().default('downstream'),
  toxicity: z.number().default(1),
  attributes: attributesSchema.default({}),
});
const toxicChange = z.object({ toxicity: z.number().optional(), attributes: attributesSchema.default({}) });

/** A proxy as the API shows it. */
export interface ProxyView {
  name: string;
  listen: string;
  upstream: string;
  enabled: boolean;
  toxics: readonly ToxicSetting[];
}

export class ProxyCollection implements AsyncDisposable {
  readonly #proxies = new Map<string, TcpProxy>();
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  all(): ProxyView[] {
    return [...this.#proxies.values()].map(viewOf);
  }

  show(name: string): ProxyView {
    return viewOf(this.#get(name));
  }

  async create(body: unknown): Promise<ProxyView> {
    const input = read(proxyInput, body);
    if (input.name === '') throw errors.missingField('name');
    if (input.upstream === '') throw errors.missingField('upstream');
    if (this.#proxies.has(input.name)) throw errors.proxyExists();
    return await this.#add(input);
  }

  /** Leaves an existing proxy with the same addresses unchanged, including its toxics. */
  async populate(body: unknown): Promise<ProxyView[]> {
    const inputs = read(z.array(proxyInput), body);
    for (const [i, { name, upstream }] of inputs.entries()) {
      if (name === '') throw errors.missingField(`name at proxy ${i + 1}`);
      if (upstream === '') throw errors.missingField(`upstream at proxy ${i + 1}`);
    }
    const populated: ProxyView[] = [];
    for (const input of inputs) {
      const known = this.#proxies.get(input.name);
      const same = known?.listen === input.listen && known.upstream === input.upstream;
      if (known && !same) await this.remove(input.name);
      populated.push(known && same ? viewOf(known) : await this.#add(input));
    }
    return populated;
  }

  async change(name: string, body: unknown): Promise<ProxyView> {
    const proxy = this.#get(name);
    const { listen = proxy.listen, upstream = proxy.upstream, enabled = proxy.enabled } = read(proxyChange, body);
    await proxy.change({ listen, upstream, enabled });
    return viewOf(proxy);
  }

  async remove(name: string): Promise<void> {
    await this.#get(name).stop();
    this.#proxies.delete(name);
  }

  async reset(): Promise<void> {
    for (const proxy of this.#proxies.values()) {
      await proxy.start();
      proxy.toxics = [];
    }
  }

  showToxic(proxy: string, name: string): ToxicSetting {
    const toxic = this.#get(proxy).toxics.find((setting) => setting.name === name);
    if (!toxic) throw errors.toxicNotFound();
    return toxic;
  }

  addToxic(proxyName: string, body: unknown): ToxicSetting {
    const proxy = this.#get(proxyName);
    const { stream, type, toxicity, ...input } = read(toxicInput, body);
    if (stream !== 'upstream' && stream !== 'downstream') throw errors.invalidStream();
    const defaults = toxicTypes.get(type)?.defaults;
    if (!defaults) throw errors.invalidToxicType();
    const name = input.name || `${type}_${stream}`;
    if (proxy.toxics.some((known) => known.name === name)) throw errors.toxicExists();
    const toxic: ToxicSetting = {
      attributes: readAttributes(defaults, input.attributes),
      name,
      type,
      stream,
      toxicity,
    };
    proxy.toxics = [...proxy.toxics, toxic];
    return toxic;
  }

  changeToxic(proxyName: string, name: string, body: unknown): ToxicSetting {
    const proxy = this.#get(proxyName);
    const known = this.showToxic(proxyName, name);
    const { toxicity = known.toxicity, attributes } = read(toxicChange, body);
    const changed: ToxicSetting = { ...known, toxicity, attributes: readAttributes(known.attributes, attributes) };
    proxy.toxics = proxy.toxics.map((toxic) => (toxic === known ? changed : toxic));
    return changed;
  }

  removeToxic(proxyName: string, name: string): void {
    const proxy = this.#get(proxyName);
    const known = this.showToxic(proxyName, name);
    proxy.toxics = proxy.toxics.filter((toxic) => toxic !== known);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const proxy of this.#proxies.values()) await proxy.stop();
  }

  #get(name: string): TcpProxy {
    const proxy = this.#proxies.get(name);
    if (!proxy) throw errors.proxyNotFound();
    return proxy;
  }

  async #add(input: z.infer<typeof proxyInput>): Promise<ProxyView> {
    const proxy = new TcpProxy(input, this.#random);
    if (input.enabled) await proxy.start();
    this.#proxies.set(input.name, proxy);
    return viewOf(proxy);
  }
}

function viewOf({ name, listen, upstream, enabled, toxics }: TcpProxy): ProxyView {
  return { name, listen, upstream, enabled, toxics };
}

function read<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw errors.badRequestBody(
    result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; '),
  );
}

/**
 * Reads whole numbers. Ignores unknown names and keeps the old value of missing ones, as Toxiproxy
 * does.
 */
function readAttributes(
  before: Readonly<Record<string, number>>,
  given: Record<string, unknown>,
): Record<string, number> {
  const names = Object.keys(before);
  const schema = z.object(Object.fromEntries(names.map((name) => [name, z.number().int().optional()])));
  const changed = read(schema, given);
  return Object.fromEntries(names.map((name) => [name, changed[name] ?? before[name] ?? 0]));
}
