/**
 * The Toxiproxies of the system as one: each proxy belongs to the container that runs it. Fails if
 * one of them does not respond.
 */
import type { System } from '@encore/contracts';
import { EncoreError, ownValue } from '@encore/kit';
import type { Proxies, ProxyState, Toxic } from './toxiproxy-api.ts';

type Described = Pick<System, 'containers' | 'proxies'>;

/** Address of the API of the Toxiproxy that runs a proxy. */
export function proxyApiOf({ containers, proxies }: Described, proxy: string): string {
  const url = ownValue(containers, ownValue(proxies, proxy)?.runsIn ?? '')?.proxyApi;
  if (url === undefined) throw new EncoreError('TARGET_MISSING', `the system has no proxy ${proxy}`);
  return url.replace(/\/$/, '');
}

export class ToxiproxyApis implements Proxies {
  readonly #system: Described;
  readonly #byUrl: ReadonlyMap<string, Proxies>;

  constructor(system: Described, connect: (url: string) => Proxies) {
    this.#system = system;
    const urls = new Set(Object.keys(system.proxies).map((proxy) => proxyApiOf(system, proxy)));
    this.#byUrl = new Map([...urls].map((url) => [url, connect(url)]));
  }

  #of(proxy: string): Proxies {
    const api = this.#byUrl.get(proxyApiOf(this.#system, proxy));
    if (api === undefined) throw new TypeError(`no API for ${proxy}`);
    return api;
  }

  async version(): Promise<string> {
    const versions = await Promise.all([...this.#byUrl.values()].map((api) => api.version()));
    return [...new Set(versions)].join(', ');
  }

  async list(): Promise<Record<string, ProxyState>> {
    const all = await Promise.all([...this.#byUrl.values()].map((api) => api.list()));
    return Object.assign({}, ...all);
  }

  async create(proxy: { name: string; listen: string; upstream: string }): Promise<void> {
    await this.#of(proxy.name).create(proxy);
  }

  async remove(name: string): Promise<void> {
    await this.#of(name).remove(name);
  }

  async setEnabled(name: string, enabled: boolean): Promise<void> {
    await this.#of(name).setEnabled(name, enabled);
  }

  async addToxic(proxy: string, toxic: Toxic): Promise<void> {
    await this.#of(proxy).addToxic(proxy, toxic);
  }

  async removeToxic(proxy: string, toxic: string): Promise<void> {
    await this.#of(proxy).removeToxic(proxy, toxic);
  }
}
