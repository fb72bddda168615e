import assert from 'node:assert/strict';
import { systemClock } from '@encore/kit';
import { describe, it } from 'mocha';
import { FakeProxies } from '../testing/fake-proxies.ts';
import { LabProxies } from './lab-proxies.ts';
import type { Address, ExchangeProbe } from './proxy-probe.ts';

const part = { allowedKinds: [], unsupported: {} };
const proxy = (port: number, upstream: string) => ({
  ...part,
  listen: `0.0.0.0:${port}`,
  upstream,
  probe: 'none' as const,
});
const system = {
  containers: {
    'api-sidecar': { ...part, replicas: 1, proxyApi: 'http://api-sidecar:8474/' },
    'db-sidecar': { ...part, replicas: 1, proxyApi: 'http://db-sidecar:8474' },
  },
  proxies: {
    'api:80': { ...proxy(1, 'api:80'), runsIn: 'api-sidecar' },
    'api:81': { ...proxy(2, 'api:81'), runsIn: 'api-sidecar' },
    'db:5432': { ...proxy(3, 'db:5432'), runsIn: 'db-sidecar' },
  },
};

/** Records each change with the address of the Toxiproxy that it went to. */
async function connected(): Promise<{ proxies: LabProxies; changes: string[]; probed: Address[] }> {
  const changes: string[] = [];
  const probed: Address[] = [];
  const exchange: ExchangeProbe = (proxy, address, options) => {
    probed.push(address);
    return new FakeProxies().exchange(proxy, address, options);
  };
  const connect = (url: string) => {
    const fake = new FakeProxies();
    fake.onCall = (what, name) => {
      if (what !== 'list') changes.push(`${url} ${what} ${name}`);
    };
    return fake;
  };
  const proxies = new LabProxies(system, connect, exchange, systemClock);
  await proxies.ensure();
  return { proxies, changes, probed };
}

describe('LabProxies', () => {
  it('changes each proxy in the Toxiproxy that runs it', async () => {
    const { proxies, changes } = await connected();
    const toxic = { name: 't', type: 'timeout', stream: 'upstream', toxicity: 1, attributes: {} } as const;
    await proxies.setEnabled('db:5432', false);
    await proxies.addToxic('api:81', toxic);
    await proxies.removeToxic('api:81', 't');
    assert.deepEqual(changes, [
      'http://api-sidecar:8474 create api:80',
      'http://api-sidecar:8474 create api:81',
      'http://db-sidecar:8474 create db:5432',
      'http://db-sidecar:8474 disable db:5432',
      'http://api-sidecar:8474 addToxic api:81',
      'http://api-sidecar:8474 removeToxic api:81',
    ]);
  });

  it('lists the proxies of all, which have one version', async () => {
    const { proxies } = await connected();
    assert.deepEqual(Object.keys(await proxies.list()), ['api:80', 'api:81', 'db:5432']);
    assert.equal(await proxies.version(), 'fake');
  });

  it('reaches a proxy that listens on all addresses at its Toxiproxy', async () => {
    const { proxies, probed } = await connected();
    const { through, direct } = proxies.probes('db:5432');
    await through({ timeoutMs: 1 });
    await direct({ timeoutMs: 1 });
    assert.deepEqual(probed, [
      { host: 'db-sidecar', port: 3 },
      { host: 'db', port: 5432 },
    ]);
  });

  it('refuses a proxy that is not in the description', async () => {
    const { proxies } = await connected();
    await assert.rejects(proxies.setEnabled('cache:1', false), { code: 'TARGET_MISSING' });
  });
});
