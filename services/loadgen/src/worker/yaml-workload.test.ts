/** The same small service as module and as YAML, and the mistakes of a YAML workload. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Random, systemClock } from '@encore/kit';
import { defineWorkload, digestOf } from '@encore/workload';
import { readYamlWorkload } from '@encore/workload/yaml';
import { afterEach, describe, it } from 'mocha';
import { Pool } from 'undici';
import { testOperation, testTransport, testUser } from '../testing/test-operation.ts';
import { contextHttp } from './context-http.ts';
import type { AttemptRecord } from './step.ts';
import { type AnyWorkload, UserPlan } from './user-plan.ts';

const yaml = `
name: shop
first: add
values:
  price: { integer: [1, 100] }
probe:
  request: { path: /health }
operations:
  add:
    weight: 1
    steps:
      - request: { method: PUT, path: '/items/{{ new_id }}', json: { price: '{{ price }}' } }
        write: { id: '{{ new_id }}', content: '{{ new_id }} {{ price }}' }
        check: { status: 201, json: { $.price: '{{ price }}' } }
        remember: true
  look:
    weight: 5
    uses: object
    steps:
      - request: { path: '/items/{{ object.id }}' }
        check:
          headers: { content-type: application/json }
          json: { $.price: '{{ object.price }}' }
          schema: { type: object, properties: { price: { type: integer } }, required: [price] }
        capture: { shown: $.price }
      - request: { path: '/items/{{ object.id }}?price={{ shown }}' }
readBack:
  request: { path: '/items/{{ id }}' }
  capture: { price: $.price }
  content: '{{ id }} {{ price }}'
`;

const functions = `
constants:
  token: secret
setup:
  - request: { method: POST, path: /shops, headers: { authorization: 'Bearer {{ token }}' }, json: { name: 'shop-{{ run }}' } }
    check: { json: { $.id: 7 } }
    capture: { shop: $.id }
  - request: { method: PUT, path: '/shops/{{ shop }}/open', headers: { authorization: 'Bearer {{ token }}' } }
list:
  request: { path: '/items?prefix={{ prefix }}&page={{ cursor }}', headers: { authorization: 'Bearer {{ token }}' } }
  ids: $.items[*].id
  cursor: $.next
remove:
  request: { method: DELETE, path: '/items/{{ id }}', headers: { authorization: 'Bearer {{ token }}' } }
teardown:
  - request: { method: DELETE, path: /shops, headers: { authorization: 'Bearer {{ token }}' } }
    check: { status: 404 }
`;

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
    for (const workload of [module as AnyWorkload, readYamlWorkload(yaml, 'shop.yaml') as AnyWorkload]) {
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
      const workload = readYamlWorkload(yaml, 'shop.yaml') as AnyWorkload;
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
    const workload = readYamlWorkload(yaml + functions, 'shop.yaml') as AnyWorkload;
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
    const wrong = readYamlWorkload((yaml + functions).replace('$.id: 7', '$.id: 8'), 'shop.yaml') as AnyWorkload;
    await assert.rejects(async () => wrong.setup?.(context), /\$\.id is 7 instead of 8/);
  });

  it('lists the mistakes of the functions', () => {
    const broken = (yaml.slice(0, yaml.indexOf('readBack:')) + functions)
      .replace('{{ token }}', '{{ tokne }}')
      .replace('{{ shop }}', '{{ ship }}')
      .replace('$.items[*].id', '$.items[')
      .replace('/items/{{ id }}', '/items/{{ new_id }}')
      .replace('token: secret', '{ token: secret, price: 3 }');
    assert.throws(
      () => readYamlWorkload(broken, 'shop.yaml'),
      ({ message }: Error) => {
        const problems = message.split('\n').map((line) => line.replace(/^shop\.yaml:\d+:\d+: /, ''));
        for (const [index, pattern] of [
          /^constants\.price: is also the name of a value/,
          /^setup\.0\.request\.headers\.authorization: unknown name tokne; known here: run, token, price$/,
          /^setup\.1\.request\.path: unknown name ship; known here: run, token, price, shop$/,
          /^list: needs readBack/,
          /^list\.ids: not a JSONPath/,
          /^remove\.request\.path: unknown name new_id; known here: id, token, price$/,
        ].entries())
          assert.match(problems[index] ?? '', pattern, message);
        assert.equal(problems.length, 6);
        return true;
      },
    );
  });

  it('lists all mistakes at once, with line and column', () => {
    const broken = yaml
      .replace('first: add', 'first: buy')
      .replace("path: '/items/{{ new_id }}'", "path: 'items/{{ newid }}'")
      .replace('json: { $.price: ', "json: { '$.price[': ")
      .replace('{ type: object, properties', '{ type: objekt, properties')
      .replace("content: '{{ id }} {{ price }}'", "content: '{{ id }} {{ price'");
    assert.throws(
      () => readYamlWorkload(broken, 'shop.yaml'),
      ({ message }: Error) => {
        const lines = message.split('\n');
        const expected = [
          /^shop\.yaml:3:1: first: unknown operation; use one of add, look$/,
          /^shop\.yaml:12:33: .*\.path: must start with \/$/,
          /^shop\.yaml:12:33: .*\.path: unknown name newid; known here: new_id, user, price$/,
          /^shop\.yaml:14:39: .*not a JSONPath/,
          /^shop\.yaml:24:11: .*\.schema: not a JSON Schema/,
          /^shop\.yaml:30:3: readBack\.content: not a template/,
        ];
        for (const [index, pattern] of expected.entries()) assert.match(lines[index] ?? '', pattern, message);
        assert.equal(lines.length, expected.length);
        return true;
      },
    );
    assert.throws(() => readYamlWorkload('name: [1', 'shop.yaml'), /^Error: shop\.yaml:1:9: .* must .*$/);
    const unquoted = yaml.replace("path: '/items/{{ new_id }}'", 'path: /items/{{ new_id }}');
    assert.throws(
      () => readYamlWorkload(unquoted, 'shop.yaml'),
      /^Error: shop\.yaml:12:\d+: put quotes around a text with \{\{ \}\}, such as .*$/,
    );
    assert.throws(
      () => readYamlWorkload(yaml.replace('weight: 5', ''), 'shop.yaml'),
      /shop\.yaml:16:3: operations\.look\.weight: is missing; expected a number of at least 0, such as 1$/,
    );
    assert.throws(
      () => readYamlWorkload(yaml.replace('weight: 5', 'weight: lots'), 'shop.yaml'),
      /shop\.yaml:17:5: operations\.look\.weight: "lots" is not valid; expected a number of at least 0, such as 1$/,
    );
    assert.throws(
      () => readYamlWorkload(yaml.replace('method: PUT', 'method: PUTT'), 'shop.yaml'),
      /\.method: "PUTT" is not valid\. Did you mean PUT\? Expected one of GET, HEAD, POST, PUT, PATCH, DELETE$/,
    );
    assert.throws(
      () =>
        readYamlWorkload(yaml.replace('object.price', 'object.prize').replace('object.id', 'objekt.id'), 'shop.yaml'),
      /:20:\d+: .*: unknown name objekt\.id; known here: .*\n.*: unknown name object\.prize; known here: new_id, user, price, object\.id, object\.new_id, object\.price$/,
    );
    assert.throws(
      () => readYamlWorkload(yaml.replace('status: 201', "status: '201'"), 'shop.yaml'),
      /\.check\.status: "201" is not valid; expected a number from 100 to 599, such as 201, or a list of them; default: 200 to 299$/,
    );
    assert.throws(
      () => readYamlWorkload('', 'shop.yaml'),
      /^Error: shop\.yaml:1:1: null is not valid; expected named settings: name, first, .*, teardown$/,
    );
    assert.throws(
      () => readYamlWorkload(yaml.replace('weight: 5', 'wieght: 5'), 'shop.yaml'),
      /shop\.yaml:17:5: operations\.look\.wieght: unknown name\. Did you mean weight\?$/m,
    );
    assert.throws(
      () => readYamlWorkload(yaml.replace('weight: 5', 'weight: 5\n    colour: red'), 'shop.yaml'),
      /^Error: shop\.yaml:18:5: operations\.look\.colour: unknown name\. Known names: weight, uses, steps$/,
    );
    assert.throws(
      () => readYamlWorkload(`operatoins: {}\n${yaml}`, 'shop.yaml'),
      /^Error: shop\.yaml:1:1: operatoins: unknown name\. Did you mean operations\?$/,
    );
  });

  it('states what each value of the wrong form must be', () => {
    const changes: [before: string, after: string, message: string][] = [
      [
        'probe:\n  request: { path: /health }\n',
        '',
        'probe: is missing; expected named settings: request, status, such as {"request":{"path":"/health"}}',
      ],
      [
        'operations:',
        'operations:\n  rest: { weight: 1, steps: [] }',
        'steps: [] is not valid; expected a list with at least 1 item, such as [{"request":{"path":"/items"}}]',
      ],
      ['uses: object', 'uses: item', 'uses: "item" is not valid; expected object'],
      ['integer: [1, 100]', 'integer: [1]', 'integer: [1] is not valid; expected a list with 2 items'],
      ['[1, 100]', '[low, 100]', 'integer.0: "low" is not valid; expected a whole number'],
      ['name: shop', 'constants: { token: [1] }', 'token: [1] is not valid; expected a text, a number, true or false'],
      ['name: shop', 'constants: { Token: 1 }', 'Token: use lowercase letters, digits and _, starting with a letter'],
    ];
    for (const [before, after, message] of changes)
      assert.throws(
        () => readYamlWorkload(yaml.replace(before, after), 'shop.yaml'),
        ({ message: line }: Error) => {
          assert.ok(line.endsWith(message) && !line.includes('\n'), line);
          return true;
        },
      );
  });
});
