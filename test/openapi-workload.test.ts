/** Runs the workload of a small API, described in OpenAPI 2.0, 3.0 and 3.1, against its server. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { systemClock } from '@encore/kit';
import { initOpenApi } from '@encore/project';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { parse } from 'yaml';
import { inThread } from '../services/loadgen/src/testing/in-thread.ts';
import { TestLoad } from '../services/loadgen/src/testing/test-load.ts';

/** Shared by all versions. `ref` is where the schemas are. */
const schemas = (ref: string) => ({
  Order: {
    type: 'object',
    required: ['item', 'count', 'parent', 'id'],
    properties: {
      id: { type: 'integer', readOnly: true },
      item: { type: 'string' },
      count: { type: 'integer', minimum: 3 },
      parent: { $ref: `${ref}Address` },
    },
  },
  Address: {
    allOf: [{ $ref: `${ref}Street` }, { required: ['zip'], properties: { zip: { type: 'string', maxLength: 5 } } }],
  },
  Street: { type: 'object', properties: { next: { $ref: `${ref}Street` } } },
  Note: { type: 'object', required: ['title'], properties: { title: { type: 'string' }, stars: { type: 'integer' } } },
});

interface Version {
  root: object;
  ref: string;
  /** The body of a request or a response. */
  body: (schema: object, type?: string) => object;
  takes: (schema: object, type?: string) => { parameters?: object[]; requestBody?: object };
  typed: (type: string) => object;
}

const content = (schema: object, type = 'application/json') => ({ content: { [type]: { schema } } });
const versions: Record<string, Version> = {
  '2.0': {
    root: {
      swagger: '2.0',
      basePath: '/v1/',
      securityDefinitions: { ShopKey: { type: 'apiKey', in: 'header', name: 'X-Key' } },
    },
    ref: '#/definitions/',
    body: (schema) => ({ schema }),
    takes: (schema, type) => ({
      parameters: [
        type ? { in: 'formData', name: 'file', type: 'file', required: true } : { in: 'body', name: 'b', schema },
      ],
    }),
    typed: (type) => ({ type }),
  },
  '3.0.3': {
    root: {
      openapi: '3.0.3',
      servers: [{ url: 'https://{host}/v1', variables: { host: { default: 'shop.example' } } }],
    },
    ref: '#/components/schemas/',
    body: content,
    takes: (schema, type) => ({ requestBody: content(schema, type) }),
    typed: (type) => ({ schema: { type } }),
  },
  '3.1.0': {
    root: { openapi: '3.1.0', servers: [{ url: '/v1' }] },
    ref: '#/components/schemas/',
    body: content,
    takes: (schema, type) => ({ requestBody: content(schema, type) }),
    typed: (type) => ({ schema: { type: [type, 'null'] } }),
  },
};

function documentOf({ root, ref, body, takes, typed }: Version): object {
  const order = { $ref: `${ref}Order` };
  const note = { $ref: `${ref}Note` };
  const ok = (schema: object = {}) => ({ responses: { 200: { description: '', ...body(schema) } } });
  // The id that a user sends does not count.
  const alarm = { properties: { id: { type: 'integer' }, at: { type: 'integer', example: 7 } } };
  const id = (name: string, type: string) => ({ name, in: 'path', required: true, ...typed(type) });
  const all = schemas(ref);
  const definitions =
    'swagger' in root
      ? { definitions: all }
      : { components: { schemas: all, securitySchemes: { ShopKey: { type: 'apiKey', in: 'header', name: 'X-Key' } } } };
  return {
    ...root,
    info: { title: 'Shop', version: '1' },
    security: [{ ShopKey: [] }],
    ...definitions,
    paths: {
      '/health': { get: { ...ok(), security: [] } },
      '/orders': {
        get: ok(),
        post: { operationId: 'placeOrder', ...takes(order), responses: { 201: { description: '', ...body(order) } } },
      },
      '/orders/{orderId}': {
        parameters: [id('orderId', 'integer')],
        get: { ...ok(order), responses: { ...ok(order).responses, 404: { description: '' } } },
        patch: { ...takes(order), ...ok(order) },
        delete: { responses: { 204: { description: '' } } },
      },
      '/notes/{name}': {
        parameters: [id('name', 'string')],
        get: { operationId: 'getNote', ...ok(note) },
        put: { operationId: 'putNote', ...takes(note), responses: { 201: { description: '' } } },
        delete: { operationId: 'deleteNote', responses: { 204: { description: '' } } },
      },
      '/alarms': { post: { ...takes(alarm), ...ok({ type: 'object', properties: { alarmId: { type: 'string' } } }) } },
      '/alarm/{alarmId}': { get: { ...ok(alarm), parameters: [id('alarmId', 'string')] } },
      '/users/{login}': { get: { ...ok(), parameters: [id('login', 'string')] } },
      '/pictures': { post: { ...takes({}, 'multipart/form-data'), ...ok() } },
      '/old': { get: { ...ok(), deprecated: true } },
    },
  };
}

/** Ten levels of nine uses each. */
const aliasBomb = [
  'a: &a0 [x]',
  ...Array.from({ length: 9 }, (_, i) => `k${i}: &a${i + 1} [${`*a${i},`.repeat(9)}]`),
].join('\n');

describe('workload of an OpenAPI document', () => {
  let folder: string;
  let server: Server;
  let requests: string[];
  /** Ids that the server forgets to store. */
  let loses: RegExp;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'encore-openapi-'));
    requests = [];
    loses = /^nothing$/;
    const objects = new Map<string, object>();
    let orders = 0;
    server = createServer(async (request, response) => {
      const body = await text(request);
      const [, base, kind = '', id = ''] = (request.url ?? '').split('/');
      requests.push(`${request.method} ${request.url}`);
      const reply = (status: number, value: object = {}) => response.writeHead(status).end(JSON.stringify(value));
      if (base !== 'v1' || (kind !== 'health' && request.headers['x-key'] !== 'secret')) return void reply(401);
      if (kind === 'alarms') return void reply(200, { alarmId: `alarm ${++orders}` });
      if (kind === 'alarm') return void reply(/^alarm%20\d+$/.test(id) ? 200 : 404, { id: 0, at: 7 });
      const key = `${kind}/${kind === 'orders' && request.method === 'POST' ? ++orders : id}`;
      if (kind === 'health' || key === 'orders/') return void reply(200);
      if (request.method === 'DELETE') return void reply(objects.delete(key) ? 204 : 404);
      if (request.method === 'GET') return void reply(objects.has(key) ? 200 : 404, objects.get(key));
      const { item, count, parent, ...rest } = JSON.parse(body);
      if (kind === 'orders' && !(item.length > 0 && count >= 3 && parent.zip.length <= 5)) return void reply(400);
      const stored = kind === 'orders' ? { item, count, parent, id: orders } : rest;
      if (!loses.test(id)) objects.set(key, stored);
      return void reply(201, stored);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });

  const init = (document: string, options: { openapi?: string; force?: boolean } = {}) =>
    initOpenApi({
      folder,
      openapi: '-',
      force: false,
      schema: '/schema.json',
      input: Readable.from([Buffer.from(document)]),
      ...options,
    });
  const written = () => readFile(join(folder, 'encore-workload', 'encore.workload.yaml'), 'utf8');

  for (const [version, shape] of Object.entries(versions)) {
    it(`reads, creates, reads back and deletes, from version ${version}`, async () => {
      const done = await init(JSON.stringify(documentOf(shape)));
      assert.ok(done.ok, JSON.stringify(done));
      const [first, ...lines] = done.lines;
      assert.equal(first, 'Wrote encore-workload/encore.workload.yaml: 10 of 14 operations.');
      assert.deepEqual(lines, [
        '',
        'Left out:',
        '  PATCH /orders/{orderId}: it changes an object that must exist; add it as a step if users do this',
        '  GET /users/{login}: it needs {login}, for which the document has no example',
        '  POST /pictures: there is no GET /pictures/{id} to read it back',
        '  GET /old: it is deprecated',
        '',
        'Replace the constants shop_key in it: requests need them for authentication.',
      ]);
      const yaml = await written();
      for (const line of lines.slice(2, 6)) assert.ok(yaml.includes(`\n# ${line}\n`), line);
      const { probe, first: start, operations } = parse(yaml);
      assert.match(yaml, /^# yaml-language-server: \$schema=\/schema\.json\n# What users do with "Shop"/);
      assert.deepEqual([probe, start], [{ request: { path: '/v1/health' } }, 'put-note']);
      assert.deepEqual(Object.keys(operations), [
        'place-order',
        'put-note',
        'get-note',
        'delete-note',
        'post-alarms',
        'get-health',
        'get-orders',
      ]);
      const { failed, readBack } = await run(yaml.replace('REPLACE_ME', 'secret'));
      assert.deepEqual(failed, []);
      assert.ok(readBack.acknowledged > 0 && readBack.readBack === readBack.acknowledged, JSON.stringify(readBack));
      assert.deepEqual([readBack.lost, readBack.corrupt], [0, 0]);
      for (const path of [/^DELETE \/v1\/orders\/\d/, /^GET \/v1\/orders\/\d/, /^DELETE \/v1\/notes\/test-1-/])
        assert.ok(
          requests.some((request) => path.test(request)),
          `${path}`,
        );
    });
  }

  it('finds a lost write with it', async () => {
    await init(JSON.stringify(documentOf(versions['3.1.0'] ?? assert.fail())));
    loses = /-u1-1$/;
    const yaml = (await written()).replace('REPLACE_ME', 'secret').replaceAll('weight: 5', 'weight: 0');
    const { readBack } = await run(yaml.replace(/(delete-note:\s+weight:) 1/, '$1 0'));
    assert.deepEqual([readBack.lost, readBack.corrupt], [1, 0]);
  });

  it('sends requests to the server and the path that the document means', async () => {
    const get = { responses: { 200: { description: '' } } };
    const pet = { type: 'object', properties: { id: { type: 'string', format: 'uuid' }, age: { type: 'integer' } } };
    const done = await init(
      JSON.stringify({
        openapi: '3.0.3',
        servers: [{ url: 'https://shop.example/v1' }],
        paths: {
          '/a#first': { get },
          '/b?full=1': { get: { ...get, parameters: [{ name: 'n', in: 'query', required: true, example: 1 }] } },
          '/c': { servers: [{ url: '/v2' }], get },
          '/d': { get: { ...get, servers: [] } },
          '/e': { get: { ...get, servers: [{ url: 'https://upload.example' }] } },
          '/f': { get: { ...get, security: [{ missing: [] }] } },
          '/pets': {
            post: {
              requestBody: content({ ...pet, example: { id: '4b0c4b0e-0000-4000-8000-000000000001', age: 3 } }),
              responses: { 201: { description: '', ...content(pet) } },
            },
          },
          // It shows a label, but not by its id.
          '/boxes': {
            post: { responses: { 201: { description: '', ...content({ properties: { id: {}, label: pet } }) } } },
          },
          '/labels/{label}': { get: { parameters: [{ name: 'label', in: 'path' }], ...get } },
          '/pets/{id}': {
            get: { parameters: [{ name: 'id', in: 'path' }], responses: { 200: { description: '', ...content(pet) } } },
          },
        },
      }),
    );
    assert.ok(done.ok, JSON.stringify(done));
    assert.deepEqual(
      done.lines.filter((line) => line.startsWith('  ')),
      [
        '  GET /e: it is on another host than the others, https://upload.example',
        '  GET /f: its authentication (missing) is not described in the document',
        '  POST /boxes: there is no GET /boxes/{id} to read it back',
        '  GET /labels/{label}: it needs {label}, for which the document has no example',
      ],
    );
    const { operations } = parse(await written());
    const requestsOf = ({ steps }: { steps: { request: object }[] }) => steps.map(({ request }) => request);
    const [created, ...reads] = Object.values<{ steps: { request: { path: string; json?: object } }[] }>(operations);
    assert.deepEqual(
      reads.flatMap(requestsOf).map((request) => Reflect.get(request, 'path')),
      ['/v1/a', '/v1/b?full=1&n=1', '/v2/c', '/v1/d'],
    );
    // The same id in each body would name one object.
    assert.deepEqual(Object.keys(created?.steps[0]?.request.json ?? {}), ['age']);
  });

  it('refuses what it cannot read, and replaces nothing unasked', async () => {
    const refusals: [string, RegExp][] = [
      [
        '{"openapi": "3.1.0", "paths": {"/a": {"post": {}}}}',
        /no operation can be used:, {2}POST \/a: there is no GET/,
      ],
      [
        '{"openapi": "4.0.0"}',
        /^standard input: version 4\.0\.0; expected an OpenAPI document of version 2\.0, 3\.0 or 3\.1$/,
      ],
      ['type: object', /no "openapi" or "swagger"/],
      ['{"openapi": "3.1.0", "webhooks": {"sold": {"post": {}}}}', /^standard input has no operation in paths;/],
      ['a: [1', /^standard input:1:6: .* and end with a \]$/],
    ];
    for (const [document, problem] of refusals) {
      const done = await init(document);
      assert.ok(!done.ok);
      assert.match(done.problems.join(), problem);
    }
    const files: [string, Buffer, RegExp][] = [
      ['utf16.yaml', Buffer.from('\uFEFFswagger: "2.0"\n', 'utf16le'), /^utf16\.yaml: not UTF-8 text/],
      ['deep.yaml', Buffer.from(`a: ${'['.repeat(5_000)}${']'.repeat(5_000)}`), /^deep\.yaml:1:\d+: nested too deeply/],
      ['bomb.yaml', Buffer.from(aliasBomb), /^bomb\.yaml: uses an anchor too often/],
    ];
    for (const [openapi, bytes, problem] of files) {
      await writeFile(join(folder, openapi), bytes);
      const done = await init('', { openapi });
      assert.match(done.ok ? '' : done.problems.join(), problem);
    }
    // Reading a pipe without a writer would wait permanently.
    const device = await init('', { openapi: '/dev/zero' });
    assert.match(device.ok ? '' : device.problems.join(), /^\/dev\/zero: not a regular file/);
    const missing = await init('', { openapi: 'no.yaml' });
    assert.deepEqual(missing, { ok: false, problems: ['no.yaml: no such file'] });
    await writeFile(
      join(folder, 'api.yaml'),
      'swagger: "2.0"\npaths: { /a: { get: {} }, /b: { get: { $ref: "x.yaml#/b" } } }\n',
    );
    assert.ok((await init('', { openapi: 'api.yaml' })).ok);
    const again = await init('', { openapi: 'api.yaml' });
    assert.ok(!again.ok && /exists and was not changed/.test(again.problems.join()));
    assert.ok((await init('', { openapi: 'api.yaml', force: true })).ok);
    assert.ok((await init('', { openapi: join(folder, 'api.yaml'), force: true })).ok);
  });

  /** Performs operations of some users, and reads back. */
  async function run(yaml: string) {
    const file = join(folder, 'encore-workload', 'encore.workload.yaml');
    await writeFile(file, yaml);
    await using bench = await TestLoad.of({
      workload: pathToFileURL(file).href,
      targetUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      startThread: inThread(systemClock),
    });
    const settings = { mix: {}, thinkSeconds: { min: 0.005, max: 0.015 }, parameters: {}, probesPerSecond: 5 };
    await bench.start({ runId: 'test-1', seed: 4, users: 3, rampSeconds: 0, load: settings });
    await bench.operationsDone(80);
    await bench.load.stop();
    return { readBack: await bench.readBack(true), failed: bench.failedAttempts() };
  }
});
