/** The proxy's API: Toxiproxy's responses and error codes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'mocha';
import { proxyApi } from './api.ts';
import { ProxyCollection } from './proxy-collection.ts';

describe('proxy API', () => {
  const proxies = new ProxyCollection();
  let server: Server;
  let url = '';

  before(async () => {
    server = createServer(proxyApi(proxies)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await call('POST', '/proxies', { name: 'a', listen: '127.0.0.1:0', upstream: '127.0.0.1:9' });
  });
  after(async () => {
    server.close();
    server.closeAllConnections();
    await proxies[Symbol.asyncDispose]();
  });

  async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const init: RequestInit = { method, headers: { 'user-agent': 'encore-test', ...headers } };
    if (body !== undefined) init.body = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(url + path, init);
    const text = await response.text();
    return { status: response.status, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text };
  }

  it('with a token, answers /version to everyone and all else only with the token', async () => {
    const token = 'a'.repeat(64);
    const guarded = createServer(proxyApi(proxies, token)).listen(0, '127.0.0.1');
    await once(guarded, 'listening');
    const at = `http://127.0.0.1:${(guarded.address() as AddressInfo).port}`;
    const statusOf = async (path: string, method: string, authorization?: string) => {
      const headers = { 'user-agent': 'encore-test', ...(authorization === undefined ? {} : { authorization }) };
      return (await fetch(at + path, { method, headers })).status;
    };
    assert.equal(await statusOf('/version', 'GET'), 200);
    for (const wrong of [undefined, `Bearer ${'b'.repeat(64)}`])
      for (const [method, path] of [
        ['GET', '/proxies'],
        ['POST', '/reset'],
        ['DELETE', '/proxies/a'],
      ] as const)
        assert.equal(await statusOf(path, method, wrong), 401, path);
    assert.equal(await statusOf('/proxies/a', 'GET', `Bearer ${token}`), 200);
    guarded.close();
    guarded.closeAllConnections();
  });

  const refusals: [string, string, unknown, number, RegExp][] = [
    ['a proxy without a name', 'POST /proxies', { upstream: 'x:1' }, 400, /^missing required field: name$/],
    ['a proxy without an upstream', 'POST /proxies', { name: 'b' }, 400, /^missing required field: upstream$/],
    ['a name twice', 'POST /proxies', { name: 'a', upstream: 'x:1' }, 409, /^proxy already exists$/],
    ['invalid JSON', 'POST /proxies', 'nonsense', 400, /^bad request body: /],
    ['a wrong type', 'POST /proxies', { name: 1 }, 400, /^bad request body: /],
    ['a list without names', 'POST /populate', [{ upstream: 'x:1' }], 400, /name at proxy 1$/],
    ['an unknown proxy', 'GET /proxies/none', undefined, 404, /^proxy not found$/],
    ['a toxic on an unknown proxy', 'POST /proxies/none/toxics', { type: 'noop' }, 404, /^proxy not found$/],
    ['an unknown toxic', 'GET /proxies/a/toxics/none', undefined, 404, /^toxic not found$/],
    ['removing an unknown toxic', 'DELETE /proxies/a/toxics/none', undefined, 404, /^toxic not found$/],
    ['an unknown type', 'POST /proxies/a/toxics', { type: 'rust' }, 400, /^invalid toxic type$/],
    ['an unknown stream', 'POST /proxies/a/toxics', { type: 'noop', stream: 'side' }, 400, /^stream was invalid/],
    [
      'a fractional attribute',
      'POST /proxies/a/toxics',
      { type: 'latency', attributes: { latency: 0.5 } },
      400,
      /^bad req/,
    ],
  ];
  for (const [what, request, body, status, message] of refusals) {
    it(`refuses ${what} with ${status}`, async () => {
      const [method = '', path = ''] = request.split(' ');
      const answer = await call(method, path, body);
      assert.equal(answer.status, status);
      assert.equal(answer.body.status, status);
      assert.match(answer.body.error, message);
    });
  }

  it('adds a toxic with its defaults, changes, shows and removes it', async () => {
    const added = await call('POST', '/proxies/a/toxics', { type: 'latency', attributes: { latency: 5 } });
    const latency = {
      attributes: { latency: 5, jitter: 0 },
      name: 'latency_downstream',
      type: 'latency',
      stream: 'downstream',
      toxicity: 1,
    };
    assert.deepEqual(added, { status: 200, body: latency });
    assert.equal((await call('POST', '/proxies/a/toxics', { type: 'latency' })).status, 409);
    const changed = await call('PATCH', '/proxies/a/toxics/latency_downstream', { attributes: { jitter: 2 } });
    assert.deepEqual(changed.body.attributes, { latency: 5, jitter: 2 });
    assert.deepEqual((await call('GET', '/proxies/a')).body.toxics, [changed.body]);
    assert.equal((await call('DELETE', '/proxies/a/toxics/latency_downstream')).status, 204);
    assert.deepEqual((await call('GET', '/proxies/a/toxics')).body, []);
  });

  it('populate keeps an unchanged proxy with its toxics; reset clears and enables', async () => {
    const { listen } = (await call('GET', '/proxies/a')).body;
    await call('POST', '/proxies/a/toxics', { type: 'noop' });
    await call('POST', '/proxies/a', { enabled: false });
    const populated = await call('POST', '/populate', [{ name: 'a', listen, upstream: '127.0.0.1:9' }]);
    assert.equal(populated.status, 201);
    assert.equal(populated.body.proxies[0].toxics.length, 1);
    assert.equal(populated.body.proxies[0].enabled, false);
    assert.equal((await call('POST', '/reset')).status, 204);
    assert.deepEqual((await call('GET', '/proxies/a')).body, {
      name: 'a',
      listen,
      upstream: '127.0.0.1:9',
      enabled: true,
      toxics: [],
    });
  });

  it('answers 500 with the reason when an address is taken', async () => {
    const { listen } = (await call('GET', '/proxies/a')).body;
    const answer = await call('POST', '/proxies', { name: 'b', listen, upstream: 'x:1' });
    assert.equal(answer.status, 500);
    assert.match(answer.body.error, /EADDRINUSE/);
    assert.equal((await call('GET', '/proxies/b')).status, 404);
  });

  it("refuses a browser's user agent", async () => {
    assert.equal((await call('GET', '/proxies', undefined, { 'user-agent': 'Mozilla/5.0' })).status, 403);
  });

  it('answers its API version, and 404 to unknown routes', async () => {
    assert.deepEqual((await call('GET', '/version')).body, { version: '2.12.0' });
    assert.equal((await call('GET', '/nowhere')).status, 404);
  });
});
