/**
 * The proxies of the system, each in the Toxiproxy that runs it. Each change is read back. A
 * removal drains first, because Toxiproxy can freeze permanently when a toxic that holds data is
 * removed under load: the proxy is disabled, the held data drains, then the toxic is removed.
 */
import type { System, SystemProxy } from '@encore/contracts';
import { type Clock, EncoreError, ownValue, upstreamOf, withoutNumber } from '@encore/kit';
import type { Address, ExchangeProbe, ProxyProbes } from './proxy-probe.ts';
import type { Proxies, ProxyState, Toxic } from './toxiproxy-api.ts';

/** Prefix of our toxics, followed by the fault's id; other toxics are never removed. */
const prefix = 'encore-';
export const toxicName = (faultId: string): string => `${prefix}${faultId}`;
export const isOurs = (toxic: Toxic): boolean => toxic.name.startsWith(prefix);
const drainMarginMs = 150;

/** True if the toxic exists, with the values with which it was added. */
export const isAsAdded = (found: Toxic | undefined, { type, stream, toxicity, attributes }: Toxic): boolean =>
  found?.type === type &&
  found.stream === stream &&
  found.toxicity === toxicity &&
  Object.entries(attributes).every(([name, value]) => found.attributes[name] === value);

export class LabProxies {
  readonly names: readonly string[];
  readonly #system: Pick<System, 'containers' | 'proxies'>;
  /** By the URL of the API. */
  readonly #apis: ReadonlyMap<string, Proxies>;
  readonly #exchange: ExchangeProbe;
  readonly #clock: Clock;
  /** Proxies that this process opened, or found open since it last closed them. */
  readonly #open = new Set<string>();

  constructor(
    system: Pick<System, 'containers' | 'proxies'>,
    connect: (url: string) => Proxies,
    exchange: ExchangeProbe,
    clock: Clock,
  ) {
    this.#exchange = exchange;
    this.names = Object.keys(system.proxies);
    this.#system = system;
    const urls = new Set(this.names.map((name) => this.#apiUrl(name)));
    this.#apis = new Map([...urls].map((url) => [url, connect(url)]));
    this.#clock = clock;
  }

  /** The version of Toxiproxy. */
  async version(): Promise<string> {
    const versions = await Promise.all([...this.#apis.values()].map((api) => api.version()));
    return [...new Set(versions)].join(', ');
  }

  /** Fails if one Toxiproxy does not respond. */
  async list(): Promise<Record<string, ProxyState>> {
    const all = await Promise.all([...this.#apis.values()].map((api) => api.list()));
    return Object.assign({}, ...all);
  }

  /** The containers that run Toxiproxy. */
  get containers(): string[] {
    return [...new Set(Object.values(this.#system.proxies).map(({ runsIn }) => runsIn))];
  }

  /** The proxies that lead to this container, or to all replicas that it belongs to. */
  leadingTo(container: string): string[] {
    return this.names.filter((name) => upstreamOf(name) === withoutNumber(container));
  }

  address(proxy: string): Pick<SystemProxy, 'listen' | 'upstream' | 'runsIn'> {
    const address = ownValue(this.#system.proxies, proxy);
    if (address === undefined)
      throw new EncoreError('TARGET_MISSING', `the system has no proxy ${proxy}; it has ${this.names.join(', ')}`);
    return address;
  }

  /**
   * Probes the address of the proxy as seen from here (its own, or that of Toxiproxy if it listens
   * on all addresses), and the one that it leads to.
   */
  probes(proxy: string): ProxyProbes {
    const { listen, upstream } = this.address(proxy);
    const own = parseAddress(listen);
    const isOnAll = ['0.0.0.0', '[::]', ''].includes(own.host);
    const host = isOnAll ? new URL(this.#apiUrl(proxy)).hostname : own.host;
    return {
      through: (options) => this.#exchange(proxy, { ...own, host }, options),
      direct: (options) => this.#exchange(proxy, parseAddress(upstream), options),
    };
  }

  #apiUrl(proxy: string): string {
    const { runsIn } = this.address(proxy);
    const url = ownValue(this.#system.containers, runsIn)?.proxyApi;
    if (url === undefined) throw new EncoreError('INVALID_SYSTEM', `containers.${runsIn}.proxyApi: is missing`);
    return url.replace(/\/$/, '');
  }

  #api(proxy: string): Proxies {
    const api = this.#apis.get(this.#apiUrl(proxy));
    if (api === undefined) throw new TypeError(`no API for ${proxy}`);
    return api;
  }

  /** Call with the proxy's lock held. */
  async state(proxy: string): Promise<ProxyState> {
    const state = (await this.list())[proxy];
    if (state === undefined)
      throw new EncoreError('PROXY_LOST', `Toxiproxy has no proxy ${proxy}; it was probably restarted`);
    if (state.enabled) this.#open.add(proxy);
    return state;
  }

  /**
   * True if something else has closed the proxy. Call with its lock held; otherwise a change that
   * the injector has begun would count.
   */
  isClosedByOthers({ name, enabled }: ProxyState): boolean {
    if (enabled) this.#open.add(name);
    return !enabled && this.#open.has(name);
  }

  /**
   * Creates missing proxies (Toxiproxy starts empty) and replaces those with other addresses;
   * returns what was wrong with each, by its name.
   */
  async ensure(): Promise<Map<string, string>> {
    const before = await this.list();
    const created = new Map<string, string>();
    for (const name of this.names) {
      const { listen, upstream } = this.address(name);
      const found = before[name];
      // Toxiproxy returns `[::]:8000` for `0.0.0.0:8000`, so only the port is compared.
      const isSame = found?.upstream === upstream && parseAddress(found.listen).port === parseAddress(listen).port;
      if (isSame) continue;
      if (found) await this.#api(name).remove(name);
      await this.#api(name).create({ name, listen, upstream });
      this.#open.add(name);
      created.set(name, found ? `it led from ${found.listen} to ${found.upstream}` : 'it was missing');
    }
    if (created.size > 0) {
      const after = await this.list();
      for (const name of created.keys())
        if (after[name]?.enabled !== true)
          throw new EncoreError(
            'PROXY_MISMATCH',
            `proxy ${name} was created, but Toxiproxy does not list it as enabled`,
          );
    }
    return created;
  }

  async setEnabled(proxy: string, enabled: boolean): Promise<void> {
    this.#open.delete(proxy);
    await this.#api(proxy).setEnabled(proxy, enabled);
    const state = await this.state(proxy);
    if (state.enabled !== enabled)
      throw new EncoreError(
        'PROXY_MISMATCH',
        `proxy ${proxy} was set to enabled=${enabled}, but Toxiproxy reports the opposite`,
      );
    if (enabled) this.#open.add(proxy);
  }

  async addToxic(proxy: string, toxic: Toxic): Promise<void> {
    await this.#api(proxy).addToxic(proxy, toxic);
    const found = (await this.state(proxy)).toxics.find(({ name }) => name === toxic.name);
    if (!isAsAdded(found, toxic))
      throw new EncoreError(
        'PROXY_MISMATCH',
        `toxic ${toxic.name} was added to proxy ${proxy}, but Toxiproxy reports other values`,
      );
  }

  /**
   * A missing toxic counts as removed, and so does a missing proxy: a restarted Toxiproxy has lost
   * its toxics.
   */
  async removeToxic(proxy: string, name: string): Promise<void> {
    const state = (await this.list())[proxy];
    const toxic = state?.toxics.find((found) => found.name === name);
    if (state === undefined || toxic === undefined) return;
    const drainMs = drainTime(toxic);
    if (drainMs > 0 && state.enabled) {
      this.#open.delete(proxy);
      await this.#api(proxy).setEnabled(proxy, false);
      await this.#clock.sleep(drainMs);
    }
    await this.#api(proxy).removeToxic(proxy, name);
    if (drainMs > 0 && state.enabled) await this.setEnabled(proxy, true);
  }
}

/** Time in milliseconds until the data held by the toxic has drained; 0 if it holds none. */
function drainTime({ type, attributes }: Toxic): number {
  switch (type) {
    case 'latency':
      return (attributes['latency'] ?? 0) + (attributes['jitter'] ?? 0) + drainMarginMs;
    case 'slow_close':
      return (attributes['delay'] ?? 0) + drainMarginMs;
    case 'bandwidth':
    case 'slicer':
      return drainMarginMs;
    default:
      return 0;
  }
}

function parseAddress(text: string): Address {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}
