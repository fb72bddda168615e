/** The same small service as module and as YAML. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Random, systemClock } from '@encore/kit';
import { defineWorkload, digestOf } from '@encore/workload';
import { shopFunctions, shopYaml } from '@encore/workload/testing/shop-yaml';
import { readYamlWorkload } from '@encore/workload/yaml';
import { afterEach, describe, it } from 'mocha';
import { Pool } from 'undici';
import { testOperation, testTransport, testUser } from '../testing/test-operation.ts';
import { contextHttp } from './context-http.ts';
import { placeOfCode } from './location.ts';
import type { AttemptRecord } from './step.ts';
import { type AnyWorkload, UserPlan } from './user-plan.ts';

interface State {
  items: { id: string; price: number }[];
}

const module = defineWorkload<State>({
  name: 'shop',
  first: 'add',
  user: () => ({ items: [] }),
  operations: {
    add: {
      weight: 1,
      run: async ({ newId, random, write, state }) => {
        const id = newId();
        const price = random.integer(1, 100);
        await write(id, digestOf(`${id} ${price}`), {
          method: 'PUT',
          path: `/items/${id}`,
          json: { price },
          status: 201,
        });
        state.items.push({ id, price });
      },
    },
    look: {
      weight: 5,
      run: async ({ random, http, state, skip, check }) => {
        random.integer(1, 100);
        if (state.items.length === 0) skip('nothing was written yet');
        const item = random.pick(state.items);
        const shown = (await http.get(`/items/${item.id}`)).json() as { price: number };
        check(shown.price === item.price, `${shown.price} instead of ${item.price}`);
        await http.get(`/items/${item.id}?price=${shown.price}`);
      },
    },
  },
  probe: { request: { method: 'GET', path: '/health' } },
  readBack: async ({ http }, id) => {
    const response = await http.get(`/items/${id}`, { status: [200, 404] });
    if (response.status === 404) return null;
    return digestOf(`${id} ${(response.json() as { price: number }).price}`);
  },
});

describe('YAML workload', () => {
  let server: Server | undefined;
  let pool: Pool | undefined;
  afterEach(async () => {
    await pool?.destroy();
    server?.closeAllConnections();
    server?.close();
  });

  /** A shop in memory. `lie` changes the price that it shows. */
  async function serve(lie: (price: number, request: number) => unknown = (price) => price) {
    const items = new Map<string, { price: number }>();
    const requests: string[] = [];
    server = createServer(async (request, response) => {
      const body = await text(request);
      requests.push(`${request.method} ${request.url} ${body}`);
      const id = new URL(request.url ?? '', 'http://x').pathname.split('/').at(-1) ?? '';
      if (request.method === 'PUT') items.set(id, JSON.parse(body));
      const item = items.get(id);
      response.writeHead(request.method === 'PUT' ? 201 : item ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(item && { price: lie(item.price, requests.length) }));
    });
    await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
    pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { connections: 1 });
    return { items, requests };
  }

  /** Performs the first operations of a user, without waiting. */
  async function perform(workload: AnyWorkload, count: number) {
    const random = new Random(7).fork('users/1');
    const mix = { add: 1, look: 5 };
    const info = testUser({ mix, random });
    const plan = new UserPlan(workload, info);
    const seen: string[] = [];
    const digests = new Map<string, string>();
    const attempts: AttemptRecord[] = [];
    for (let i = 0; i < count; i += 1) {
      const planned = plan.next();
      const operation = testOperation({
        workload,
        transport: testTransport(pool ?? assert.fail('no server')),
        info,
        state: plan.state,
        planned,
        reporter: { attemptEnded: (record) => attempts.push(record) },
        record: async (entry) => {
          if (entry.type === 'acknowledged') digests.set(entry.id, entry.digest);
        },
      });
      const performed = await operation.perform((user) => workload.operations[planned.operation]?.run(user));
      const end = performed.kind === 'ended' ? performed.end : JSON.stringify(performed);
      seen.push(`${planned.operation} ${planned.paceMs} ${end}`);
    }
    return { seen, digests, attempts };
  }

  it('plans and sends the same as the module, and gets the same outcomes', async () => {
    const results = [];
    for (const workload of [module as AnyWorkload, readYamlWorkload(shopYaml, 'shop.yaml') as AnyWorkload]) {
      const { items, requests } = await serve();
      const { seen, digests } = await perform(workload, 30);
      assert.ok(
        seen.every((line) => line.endsWith(' ok')),
        seen.join('\n'),
      );
      const deadlineAt = systemClock.now() + 5_000;
      const signal = new AbortController().signal;
      const http = contextHttp({
        dispatcher: pool ?? assert.fail('no server'),
        clock: systemClock,
        clientId: 'own',
        deadlineAt,
        signal,
      });
      const context = { runId: 'run', parameters: {}, http };
      const [[id = '', digest] = []] = digests;
      assert.deepEqual(await workload.readBack?.(context, id), digest);
      const [, damaged = ''] = digests.keys();
      items.set(damaged, { price: 101 });
      assert.notEqual(await workload.readBack?.(context, damaged), digests.get(damaged));
      assert.equal(await workload.readBack?.(context, 'run-u1-999'), null);
      results.push({ seen, digests, requests });
      await pool?.destroy();
      server?.closeAllConnections();
      server?.close();
    }
    assert.deepEqual(results[1], results[0]);
  });

  it('finds a wrong field, a wrong type and a missing match', async () => {
    const lies = [(price: number) => price + 1, (price: number) => `${price}`, () => undefined];
    for (const lie of lies) {
      await serve((price, request) => (request === 2 ? lie(price) : price));
      const workload = readYamlWorkload(shopYaml, 'shop.yaml') as AnyWorkload;
      const { attempts } = await perform(workload, 3);
      assert.equal(attempts[1]?.outcome, 'corrupt', JSON.stringify(attempts[1]));
      await pool?.destroy();
      server?.close();
    }
  });

  it('prepares, lists page by page, and removes objects of earlier runs', async () => {
    const requests: string[] = [];
    server = createServer(async (request, response) => {
      requests.push(`${request.method} ${request.url} ${request.headers.authorization} ${await text(request)}`);
      const page = new URL(request.url ?? '', 'http://x').searchParams.get('page');
      const pages = {
        '': { items: [{ id: 'run-u1-1' }, { id: 'other' }], next: 2 },
        2: { items: [{ id: 'run-u1-2' }] },
      };
      response.statusCode = request.method === 'DELETE' ? 404 : 200;
      response.end(JSON.stringify(page === null ? { id: 7 } : pages[page as '']));
    });
    await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
    pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { connections: 1 });
    const workload = readYamlWorkload(shopYaml + shopFunctions, 'shop.yaml') as AnyWorkload;
    const http = contextHttp({
      dispatcher: pool,
      clock: systemClock,
      clientId: 'own',
      deadlineAt: systemClock.now() + 5_000,
      signal: new AbortController().signal,
    });
    const context = { runId: 'run', parameters: {}, http };
    await workload.setup?.(context);
    const listed = [];
    for await (const item of workload.list?.(context, 'run-') ?? []) listed.push(item);
    await workload.remove?.(context, 'run-u1-2');
    await workload.teardown?.(context);
    assert.deepEqual(listed, [{ id: 'run-u1-1' }, { id: 'run-u1-2' }]);
    assert.deepEqual(requests, [
      'POST /shops Bearer secret {"name":"shop-run"}',
      'PUT /shops/7/open Bearer secret ',
      'GET /items?prefix=run-&page= Bearer secret ',
      'GET /items?prefix=run-&page=2 Bearer secret ',
      'DELETE /items/run-u1-2 Bearer secret ',
      'DELETE /shops Bearer secret ',
    ]);
    const wrong = readYamlWorkload(
      (shopYaml + shopFunctions).replace('$.id: 7', '$.id: 8'),
      'shop.yaml',
    ) as AnyWorkload;
    await assert.rejects(async () => wrong.setup?.(context), /\$\.id is 7 instead of 8/);
  });

  it('knows the place of what it compiles', () => {
    const { readBack, operations } = readYamlWorkload(shopYaml, '/load/shop.yaml');
    const lines = shopYaml.split('\n');
    const places = [readBack, operations['add']?.run].map((code) =>
      placeOfCode(code ?? assert.fail(), 'file:///load/shop.yaml'),
    );
    const lineOf = (start: string) => lines.findIndex((line) => line.startsWith(start)) + 1;
    assert.deepEqual(places, [`shop.yaml:${lineOf('readBack:')}:1`, `shop.yaml:${lineOf('  add:')}:3`]);
  });
});
