/** Collects the clients of each proxy, and those that connect to its target directly. */
import type { Observation } from '../events/time-order.ts';

/** Of each proxy; a project has fewer services. */
const maxClients = 100;

export class ProxyClients {
  readonly #through = new Map<string, Set<string>>();
  readonly #past = new Map<string, Set<string>>();
  #isVisible = false;

  add(event: Observation): void {
    if (event.type === 'run_started') this.#isVisible = event.environment['seesConnections'] === true;
    if (event.type !== 'proxy_used') return;
    const map = event.direct ? this.#past : this.#through;
    const clients = map.get(event.proxy) ?? new Set();
    if (clients.size < maxClients) map.set(event.proxy, clients.add(event.client));
  }

  /** The clients that connected through each proxy; null if connections are not visible. */
  of(proxies: readonly string[]): Record<string, string[]> | null {
    if (!this.#isVisible) return null;
    return Object.fromEntries(proxies.map((proxy) => [proxy, [...(this.#through.get(proxy) ?? [])].sort()]));
  }

  /** By proxy, the clients that bypass it. */
  get bypassed(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#past;
  }
}
