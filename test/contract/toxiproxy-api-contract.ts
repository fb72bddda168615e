/**
 * The injector's proxy client: what it adds to toxiproxy-node-client, on Toxiproxy and on the
 * embedded proxy.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, describe, it } from 'mocha';
import { type Toxic, ToxiproxyApi } from '../../services/chaos/src/injector/toxiproxy-api.ts';
import type { RunningProxy } from '../support/proxies.ts';

export function toxiproxyApiContract(name: string, make: () => Promise<RunningProxy>): void {
  describe(`client of the injector: ${name}`, () => {
    let proxy: RunningProxy;
    let api: ToxiproxyApi;
    const server = { name: 'server', listen: '127.0.0.1:0', upstream: '127.0.0.1:9' };
    const latency: Toxic = {
      name: 'encore-f0001',
      type: 'latency',
      stream: 'upstream',
      toxicity: 1,
      attributes: { latency: 5, jitter: 1 },
    };
    before(async () => {
      proxy = await make();
      api = new ToxiproxyApi(proxy.url);
    });
    after(async () => await proxy?.[Symbol.asyncDispose]());

    it('reads proxies back with their toxics', async () => {
      assert.match(await api.version(), /^2\.12\./);
      await api.create(server);
      await api.addToxic('server', latency);
      await api.setEnabled('server', false);
      const { enabled, upstream, toxics } = (await api.list())['server'] ?? assert.fail();
      assert.deepEqual([enabled, upstream, toxics], [false, server.upstream, [latency]]);
    });

    it('treats an already reached state as done', async () => {
      await api.create(server);
      await api.addToxic('server', latency);
      for (const _twice of [1, 2]) await api.removeToxic('server', latency.name);
      assert.deepEqual((await api.list())['server']?.toxics, []);
      for (const _twice of [1, 2]) await api.remove('server');
      assert.deepEqual(await api.list(), {});
    });

    it('reports the status and the body of an error', async () => {
      await api.create(server);
      const wrong = { ...latency, type: 'rust' };
      await assert.rejects(api.addToxic('server', wrong), {
        code: 'PROXY_REFUSED',
        definite: true,
        message: /^Toxiproxy POST \/proxies\/server\/toxics: 400 .*invalid toxic type/,
      });
      await assert.rejects(api.setEnabled('nobody', true), { code: 'PROXY_REFUSED', message: /404 .*proxy not found/ });
      await api.remove('server');
    });

    it('times out when nothing responds', async () => {
      const silent = createServer().listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const { port } = silent.address() as AddressInfo;
      const from = performance.now();
      await assert.rejects(new ToxiproxyApi(`http://127.0.0.1:${port}`, { timeoutMs: 200 }).list(), {
        code: 'PROXY_UNREACHABLE',
        definite: false,
        message: /no response within 0\.2 s/,
      });
      assert.ok(performance.now() - from < 1_500);
      silent.close();
    });
  });
}
