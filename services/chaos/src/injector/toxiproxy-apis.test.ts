import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Proxies, ProxyState } from './toxiproxy-api.ts';
import { ToxiproxyApis } from './toxiproxy-apis.ts';

const part = { allowedKinds: [], unsupported: {} };
const proxy = { ...part, listen: '0.0.0.0:1', upstream: 'x:1', probe: 'none' as const };
const system = {
  containers: {
    'api-sidecar': { ...part, replicas: 1, proxyApi: 'http://api-sidecar:8474/' },
    'db-sidecar': { ...part, replicas: 1, proxyApi: 'http://db-sidecar:8474' },
  },
  proxies: {
    'api:80': { ...proxy, runsIn: 'api-sidecar' },
    'api:81': { ...proxy, runsIn: 'api-sidecar' },
    'db:5432': { ...proxy, runsIn: 'db-sidecar' },
  },
};

/** Records each call with the address that it went to. */
function connected(): { apis: ToxiproxyApis; calls: string[] } {
  const calls: string[] = [];
  const state = (name: string): ProxyState => ({ name, listen: '', upstream: '', enabled: true, toxics: [] });
  const connect = (url: string): Proxies => ({
    version: async () => '2.12.0',
    list: async () => {
      const name = url.includes('db-') ? 'db:5432' : 'api:80';
      return { [name]: state(name) };
    },
    create: async ({ name }) => void calls.push(`${url} create ${name}`),
    remove: async (name) => void calls.push(`${url} remove ${name}`),
    setEnabled: async (name, enabled) => void calls.push(`${url} enabled ${name} ${enabled}`),
    addToxic: async (name, { type }) => void calls.push(`${url} add ${name} ${type}`),
    removeToxic: async (name, toxic) => void calls.push(`${url} take ${name} ${toxic}`),
  });
  return { apis: new ToxiproxyApis(system, connect), calls };
}

describe('the Toxiproxies of a system', () => {
  it('get each call in the container that runs the proxy', async () => {
    const { apis, calls } = connected();
    const toxic = { name: 't', type: 'latency', stream: 'upstream', toxicity: 1, attributes: {} } as const;
    await apis.create({ name: 'api:81', listen: '', upstream: '' });
    await apis.setEnabled('db:5432', false);
    await apis.addToxic('db:5432', toxic);
    await apis.removeToxic('api:80', 't');
    await apis.remove('db:5432');
    assert.deepEqual(calls, [
      'http://api-sidecar:8474 create api:81',
      'http://db-sidecar:8474 enabled db:5432 false',
      'http://db-sidecar:8474 add db:5432 latency',
      'http://api-sidecar:8474 take api:80 t',
      'http://db-sidecar:8474 remove db:5432',
    ]);
  });

  it('list their proxies together, and have one version', async () => {
    const { apis } = connected();
    assert.deepEqual(Object.keys(await apis.list()), ['api:80', 'db:5432']);
    assert.equal(await apis.version(), '2.12.0');
  });

  it('have no proxy that is not in the description', async () => {
    await assert.rejects(connected().apis.remove('cache:1'), { code: 'TARGET_MISSING' });
  });
});
