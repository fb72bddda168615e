/** Toxiproxy as a record, and a probe that sees the effects of its toxics. */
import { EncoreError } from '@encore/kit';
import type { Exchange, ExchangeProbe } from '../injector/proxy-probe.ts';
import type { Proxies, ProxyState, Toxic } from '../injector/toxiproxy-api.ts';

export class FakeProxies implements Proxies {
  readonly states = new Map<string, ProxyState>();
  /** Called before each change; may throw. */
  onCall: (what: string, proxy: string) => void = () => {};

  /** How the answer of the proxy's upstream begins. */
  startOf: (proxy: string) => string = () => 'HTTP/1.1 200 OK';
  /** Whether the proxy's upstream responds. */
  answers: (proxy: string) => boolean = () => true;

  async version(): Promise<string> {
    return 'fake';
  }

  async list(): Promise<Record<string, ProxyState>> {
    this.onCall('list', '');
    const copies: Record<string, ProxyState> = {};
    for (const [name, state] of this.states) copies[name] = { ...state, toxics: [...state.toxics] };
    return copies;
  }

  async create({ name, listen, upstream }: { name: string; listen: string; upstream: string }): Promise<void> {
    this.onCall('create', name);
    this.states.set(name, { name, listen, upstream, enabled: true, toxics: [] });
  }

  async remove(name: string): Promise<void> {
    this.onCall('remove', name);
    this.states.delete(name);
  }

  async setEnabled(name: string, enabled: boolean): Promise<void> {
    this.onCall(enabled ? 'enable' : 'disable', name);
    this.#find(name).enabled = enabled;
  }

  async addToxic(proxy: string, toxic: Toxic): Promise<void> {
    this.onCall('addToxic', proxy);
    this.#find(proxy).toxics.push(toxic);
  }

  async removeToxic(proxy: string, name: string): Promise<void> {
    this.onCall('removeToxic', proxy);
    const state = this.#find(proxy);
    state.toxics = state.toxics.filter((toxic) => toxic.name !== name);
  }

  readonly exchange: ExchangeProbe = async (proxy, address, { requests = 1 }) => {
    const answer: Exchange = {
      end: 'complete',
      connectMs: 1,
      firstByteMs: 2,
      lastByteMs: 2,
      totalMs: 2,
      bytes: 300 * requests,
      start: this.startOf(proxy),
    };
    const state = this.states.get(proxy);
    if (!this.answers(proxy)) Object.assign(answer, { end: 'reset', firstByteMs: null, lastByteMs: null, bytes: 0 });
    const isDirect = state?.upstream === `${address.host}:${address.port}`;
    if (isDirect || state === undefined) return answer;
    if (!state.enabled)
      return { ...answer, end: 'refused', connectMs: null, firstByteMs: null, lastByteMs: null, bytes: 0 };
    for (const toxic of state.toxics) distort(answer, toxic);
    return answer;
  };

  #find(name: string): ProxyState {
    const state = this.states.get(name);
    if (state === undefined) throw new EncoreError('PROXY_REFUSED', `no proxy ${name}`);
    return state;
  }
}

function distort(answer: Exchange, { type, attributes }: Toxic): void {
  const delay = (ms: number) => {
    answer.firstByteMs = (answer.firstByteMs ?? 0) + ms;
    answer.lastByteMs = (answer.lastByteMs ?? 0) + ms;
    answer.totalMs += ms;
  };
  switch (type) {
    case 'latency':
      delay(attributes['latency'] ?? 0);
      break;
    case 'bandwidth':
      delay(answer.bytes / (attributes['rate'] ?? 1));
      break;
    case 'slow_close':
      answer.totalMs += attributes['delay'] ?? 0;
      break;
    case 'slicer':
      delay(((answer.bytes / (attributes['average_size'] ?? 1)) * (attributes['delay'] ?? 0)) / 1_000);
      break;
    case 'limit_data':
      answer.bytes = Math.min(answer.bytes, attributes['bytes'] ?? 0);
      break;
    case 'timeout':
    case 'reset_peer':
      Object.assign(answer, {
        end: type === 'timeout' ? 'timeout' : 'reset',
        bytes: 0,
        firstByteMs: null,
        lastByteMs: null,
      });
  }
}
