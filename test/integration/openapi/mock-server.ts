/**
 * A server made from an OpenAPI document. It refuses what the document does not allow, and stores
 * what is created. It shares no code with `encore init --openapi`.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** A part of the document, which is read as it is. */
// biome-ignore lint/suspicious/noExplicitAny: a type for each part would repeat the specification.
type Part = any;

interface Route {
  /** Such as `GET /pets/{id}`. */
  name: string;
  method: string;
  path: string;
  pattern: RegExp;
  operation: Part;
  parameters: Part[];
  /** Of a JSON body; null if the operation takes none. */
  validate: ValidateFunction | null;
}

interface StoredObject {
  body: Record<string, unknown>;
  id: string | number;
}

/** Properties of a response that hold the id, if none is named as the parameter of the path. */
const idNames = ['id', 'uuid', 'slug', 'name'];

export class MockServer implements AsyncDisposable {
  /** Requests that the document does not allow, with the reason. */
  readonly refused: string[] = [];
  /** The bodies of the accepted requests, by operation. */
  readonly accepted = new Map<string, string[]>();
  /** A read shows what another object contains. */
  mixesUp = false;
  readonly #document: Part;
  readonly #routes: Route[];
  readonly #objects = new Map<string, StoredObject>();
  readonly #server: Server;
  #ids = 0;

  static async start(document: Part): Promise<MockServer> {
    const mock = new MockServer(document);
    mock.#server.listen(0, '127.0.0.1');
    await once(mock.#server, 'listening');
    return mock;
  }

  private constructor(document: Part) {
    this.#document = document;
    const ajv = new Ajv2020({ strict: false, logger: false, validateSchema: false });
    addFormats.default(ajv);
    // 3.0 allows nullable without a type.
    ajv.addSchema({ ...JSON.parse(JSON.stringify(document, ofRequest)), $id: 'api' });
    this.#routes = Object.entries<Part>(document.paths)
      .flatMap(([path, item]) =>
        ['get', 'put', 'post', 'patch', 'delete']
          .filter((method) => item[method] !== undefined)
          .map((method) => this.#route(path, item, method, ajv)),
      )
      .sort((a, b) => a.path.split('{').length - b.path.split('{').length);
    this.#server = createServer(async (request, response) => {
      const body = await text(request);
      const { status, value } = this.#answer(request, body);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(value === undefined ? '' : JSON.stringify(value));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #route(path: string, item: Part, method: string, ajv: Ajv2020): Route {
    const operation = item[method];
    const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((one) => this.#resolve(one));
    const at = (...parts: (string | number)[]) =>
      ajv.compile({ $ref: `api#/${parts.map((part) => encodeURIComponent(pointerOf(part))).join('/')}` });
    const index = (operation.parameters ?? []).findIndex((one: Part) => this.#resolve(one).in === 'body');
    const isJson = (operation.requestBody?.content?.['application/json']?.schema ?? null) !== null;
    let validate: ValidateFunction | null = null;
    if (index >= 0) validate = at('paths', path, method, 'parameters', index, 'schema');
    else if (isJson) validate = at('paths', path, method, 'requestBody', 'content', 'application/json', 'schema');
    const escaped = `${this.#basePath([operation, item, this.#document])}${path.replace(/#.*/, '')}`.replaceAll(
      /[.*+?^$()|[\]\\]/g,
      '\\$&',
    );
    return {
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      pattern: new RegExp(`^${escaped.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
      operation,
      parameters,
      validate,
    };
  }

  #basePath(levels: Part[]): string {
    const { basePath } = this.#document;
    const { url = '/', variables = {} } = levels.flatMap(({ servers }) => servers ?? [])[0] ?? {};
    const filled = url.replaceAll(/\{(\w+)\}/g, (_: string, name: string) => variables[name].default);
    return (basePath ?? new URL(filled, 'http://server').pathname).replace(/\/$/, '');
  }

  #answer(request: IncomingMessage, body: string): { status: number; value?: unknown } {
    const url = new URL(request.url ?? '', 'http://server');
    const path = decodeURIComponent(url.pathname);
    const route = this.#routes.find(({ method, pattern }) => method === request.method && pattern.test(path));
    // The probe of a workload without a read is `/`.
    if (route === undefined && path === '/') return { status: 200 };
    const json = body === '' ? undefined : JSON.parse(body);
    const problem = route === undefined ? 'no such operation' : this.#problemOf(route, request, url, json);
    if (route === undefined || problem !== null) {
      this.refused.push(`${request.method} ${request.url}: ${problem}`);
      return { status: 400, value: { problem } };
    }
    this.accepted.set(route.name, [...(this.accepted.get(route.name) ?? []), body]);
    return this.#perform(route, path, json ?? {});
  }

  #problemOf({ operation, parameters, validate }: Route, request: IncomingMessage, url: URL, json: unknown) {
    const security: Part[] = operation.security ?? this.#document.security ?? [];
    const isAllowed = security.some((one) => Object.keys(one).every((name) => this.#hasKey(name, request, url)));
    if (security.length > 0 && !isAllowed) return 'not authenticated';
    for (const { in: place, name, required } of parameters) {
      if (required !== true) continue;
      if (place === 'query' && !url.searchParams.has(name)) return `no parameter ${name}`;
      if (place === 'header' && request.headers[name.toLowerCase()] === undefined) return `no header ${name}`;
    }
    if (validate === null || json === undefined) return operation.requestBody?.required === true ? 'no body' : null;
    return validate(json) ? null : JSON.stringify(validate.errors);
  }

  #hasKey(scheme: string, { headers }: IncomingMessage, url: URL): boolean {
    const { securityDefinitions, components } = this.#document;
    const { type, in: place, name } = this.#resolve((securityDefinitions ?? components.securitySchemes)[scheme]);
    if (type !== 'apiKey') return /^(Bearer|Basic) ./.test(headers.authorization ?? '');
    return place === 'query' ? url.searchParams.has(name) : headers[name.toLowerCase()] !== undefined;
  }

  #perform(route: Route, path: string, body: Record<string, unknown>): { status: number; value?: unknown } {
    const success = this.#successOf(route);
    const status = success?.status ?? 200;
    const show = (object: StoredObject, { path }: Route, shape = success?.shape) => ({
      status,
      value: shape === undefined ? undefined : this.#view(shape, object, parameterOf(path)),
    });
    if (route.method === 'DELETE') return { status: this.#objects.delete(path) ? status : 404 };
    if (route.method === 'GET' && this.#isItem(route)) {
      const found = this.#objects.get(path);
      if (found === undefined) return { status: 404 };
      return show(this.mixesUp ? { ...found, body: this.#another(found).body } : found, route);
    }
    if (route.method === 'PUT') {
      const object = { body, id: path.split('/').at(-1) ?? '' };
      this.#objects.set(path, object);
      return show(object, route);
    }
    const item = this.#routes.find((one) => one.method === 'GET' && isItemOf(one.path, route.path));
    if (route.method !== 'POST' || item === undefined) return show({ body, id: '' }, route);
    // Servers show what they created, even if the document declares failures only.
    const shape = success === null ? this.#successOf(item)?.shape : success.shape;
    const object = { body, id: this.#newId(shape, parameterOf(item.path), body) };
    this.#objects.set(`${path.replace(/\/$/, '')}/${object.id}`, object);
    return show(object, item, shape);
  }

  /** Null if the document declares no success. */
  #successOf({ operation }: Route): { status: number; shape: Part } | null {
    const [status, success] = Object.entries<Part>(operation.responses ?? {}).find(([code]) => /^2/.test(code)) ?? [];
    if (status === undefined) return null;
    const { schema, content } = this.#resolve(success);
    return { status: Number(status), shape: schema ?? content?.['application/json']?.schema };
  }

  /** One of which there may be several, which are created and deleted. */
  #isItem({ path }: Route): boolean {
    return this.#routes.some(
      (one) => (one.method === 'PUT' && one.path === path) || (one.method === 'POST' && isItemOf(path, one.path)),
    );
  }

  #another(object: StoredObject): StoredObject {
    return [...this.#objects.values()].find((one) => one !== object) ?? object;
  }

  /** What the user sent as id, or a new one. */
  #newId(shape: Part, parameter: string, body: Record<string, unknown>): string | number {
    const sent = body[parameter];
    if (typeof sent === 'string') return sent;
    const names = shape === undefined ? [] : Object.keys(this.#idHolder(shape, parameter));
    if (idOf(names, parameter) === 'name' && typeof body['name'] === 'string') return body['name'];
    return ++this.#ids;
  }

  /** The properties among which the id is: those of the response, or of its only object. */
  #idHolder(shape: Part, parameter: string): Record<string, Part> {
    const { properties = {} } = this.#merged(shape);
    if (idOf(Object.keys(properties), parameter) !== undefined) return properties;
    const objects = Object.values<Part>(properties).filter((one) => this.#merged(one).properties !== undefined);
    return objects.length === 1 ? this.#merged(objects[0]).properties : properties;
  }

  /** What a response of this shape shows of an object. */
  #view(shape: Part, object: StoredObject, parameter: string, depth = 0): unknown {
    const { type, properties } = this.#merged(shape);
    if (properties === undefined) return [type].flat().includes('array') ? [] : {};
    const idName = idOf(Object.keys(properties), parameter);
    const members = Object.entries<Part>(properties).map(([name, property]) => {
      const own = this.#merged(property);
      if (name === idName) return [name, own.type === 'string' ? String(object.id) : object.id];
      if (name in object.body) return [name, object.body[name]];
      const isInner = own.properties !== undefined && depth === 0 && idName === undefined;
      return [name, isInner ? this.#view(property, object, parameter, 1) : undefined];
    });
    return Object.fromEntries(members);
  }

  #merged(part: Part): Part {
    const { allOf = [], oneOf = [], anyOf = [], ...own } = this.#resolve(part);
    const parts = [...allOf, ...[...oneOf, ...anyOf].slice(0, 1)].map((one: Part) => this.#merged(one));
    const properties = Object.assign({}, ...[...parts, own].map((one) => one.properties));
    return Object.assign({}, ...parts, own, Object.keys(properties).length === 0 ? {} : { properties });
  }

  #resolve(part: Part): Part {
    if (typeof part?.$ref !== 'string') return part;
    const names: string[] = part.$ref.slice(2).split('/');
    const target = names.reduce(
      (found, name) => found[decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~')],
      this.#document,
    );
    return this.#resolve(target);
  }
}

/** Without what the validator does not accept, or what only responses must have. */
function ofRequest(key: string, value: Part): Part {
  if (key === 'nullable' || value === null) return undefined;
  if (!Array.isArray(value?.required) || value.properties === undefined) return value;
  const { required, properties } = value;
  return { ...value, required: required.filter((name: string) => properties[name]?.readOnly !== true) };
}

function idOf(names: readonly string[], parameter: string): string | undefined {
  return [parameter, ...idNames].find((name) => names.includes(name));
}

/** The last parameter of a path that ends with one. */
function parameterOf(path: string): string {
  return /\{([^}]+)\}\/?$/.exec(path)?.[1] ?? '';
}

function isItemOf(item: string, collection: string): boolean {
  return item.replace(/\/\{[^}]+\}$/, '') === collection.replace(/\/$/, '') && item !== collection;
}

function pointerOf(part: string | number): string {
  return String(part).replaceAll('~', '~0').replaceAll('/', '~1');
}
