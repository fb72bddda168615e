/**
 * Reads an OpenAPI document (2.0, 3.0 or 3.1; JSON or YAML) into one shape. References within the
 * document are followed where they are used, because a schema may contain itself.
 */
import { yamlLimitProblem, yamlValue } from '@encore/kit/yaml-limits';
import { LineCounter, parseDocument } from 'yaml';

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
export type Schema = { [keyword: string]: Json };

export interface ApiParameter {
  name: string;
  in: string;
  required: boolean;
  /** With `example`, `default` and `enum` of the parameter itself. */
  schema: Schema;
}

export interface ApiOperation {
  method: string;
  /** With `{name}` for each parameter, without the base path. */
  path: string;
  server: Server;
  id: string;
  deprecated: boolean;
  parameters: ApiParameter[];
  /** Null if there is none; `schema` is null if it cannot be sent as JSON. */
  body: { schema: Schema | null; required: boolean } | null;
  /** Declared statuses. */
  statuses: number[];
  /** Of the first response from 200 to 299, if it is JSON. */
  response: Schema | null;
  /** Alternatives, each with the names of all schemes that it needs. */
  security: string[][];
}

/** Where requests go. An operation or a path may have a server of its own. */
export interface Server {
  /** Such as `https://api.example.com`; '' for that of the document. */
  origin: string;
  /** Such as `/api/v2`; '' for none. */
  basePath: string;
}

export interface ApiDocument {
  title: string;
  version: string;
  server: Server;
  operations: ApiOperation[];
  securitySchemes: Record<string, Schema>;
  /**
   * Follows references until there is none. Throws if one does not resolve or leads out of the
   * document.
   */
  resolve: (value: Json | undefined) => Schema;
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
const maxReferences = 50;

/** `file` names the text in messages. Throws an Error with one line per problem. */
export function readApiDocument(text: string, file: string): ApiDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'error' });
  const problems = document.errors.map(({ message, pos: [offset] }) => {
    const { line, col } = lines.linePos(offset);
    const problem = yamlLimitProblem({ message }) ?? message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '');
    return `${file}:${line}:${col}: ${problem}`;
  });
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const root = objectOf(yamlValue(document, file, 10_000) as Json);
  const version = String(root['openapi'] ?? root['swagger'] ?? '');
  if (!/^(2\.0|3\.[01](\.\d+)?)$/.test(version)) {
    const found = version === '' ? 'no "openapi" or "swagger"' : `version ${version}`;
    throw new Error(`${file}: ${found}; expected an OpenAPI document of version 2.0, 3.0 or 3.1`);
  }
  const resolve = resolverOf(root);
  const isV2 = version === '2.0';
  const server = isV2
    ? { origin: '', basePath: withoutSlash(String(root['basePath'] ?? '')) }
    : serverOf(root['servers']);
  const operations = Object.entries(objectOf(root['paths'])).flatMap(([path, item]) =>
    operationsOf(path, resolve(item), root, resolve, isV2 ? server : null),
  );
  const schemes = isV2 ? root['securityDefinitions'] : objectOf(root['components'])['securitySchemes'];
  return {
    title: String(objectOf(root['info'])['title'] ?? file),
    version,
    server,
    operations,
    securitySchemes: Object.fromEntries(Object.entries(objectOf(schemes)).map(([name, one]) => [name, resolve(one)])),
    resolve,
  };
}

function operationsOf(
  path: string,
  item: Schema,
  root: Schema,
  resolve: ApiDocument['resolve'],
  serverV2: Server | null,
): ApiOperation[] {
  const isV2 = serverV2 !== null;
  return methods.flatMap((method) => {
    if (item[method] === undefined) return [];
    const operation = objectOf(item[method]);
    // A parameter of the operation replaces that of the path.
    const all = [...listOf(item['parameters']), ...listOf(operation['parameters'])].map(resolve);
    const byName = new Map(all.map((parameter) => [`${parameter['in']} ${parameter['name']}`, parameter]));
    const declared = [...byName.values()];
    const responses = Object.entries(objectOf(operation['responses']));
    const statuses = responses.map(([status]) => Number(status)).filter((status) => status >= 100);
    const success = responses.find(([status]) => /^2(\d\d|XX)$/.test(status));
    const response = success === undefined ? {} : resolve(success[1]);
    const consumes = listOf(operation['consumes'] ?? root['consumes'] ?? ['application/json']);
    return [
      {
        method: method.toUpperCase(),
        // Some documents tell operations of one path apart by a fragment, which is never sent.
        path: path.replace(/#.*$/, ''),
        server:
          serverV2 ??
          serverOf([operation, item, root].map(({ servers }) => servers).find((list) => listOf(list).length > 0)),
        id: String(operation['operationId'] ?? `${method} ${path}`),
        deprecated: operation['deprecated'] === true,
        parameters: declared.filter((one) => !/^(body|formData)$/.test(String(one['in']))).map(parameterOf),
        body: isV2 ? bodyOfV2(declared, consumes) : bodyOf(operation['requestBody'], resolve),
        statuses,
        response: isV2 ? schemaOf(response['schema']) : jsonSchemaIn(response['content']),
        security: listOf(operation['security'] ?? root['security']).map((one) => Object.keys(objectOf(one))),
      },
    ];
  });
}

function parameterOf(parameter: Schema): ApiParameter {
  const { name, in: place, required, schema, example, examples, content } = parameter;
  // In 2.0, the parameter is its own schema.
  const own = schemaOf(schema) ?? jsonSchemaIn(content) ?? parameter;
  const [first] = Object.values(objectOf(examples));
  const shown = example ?? parameter['x-example'] ?? objectOf(first)['value'];
  return {
    name: String(name),
    in: String(place),
    required: required === true,
    schema: shown === undefined ? own : { ...own, example: shown },
  };
}

function bodyOfV2(declared: readonly Schema[], consumes: readonly Json[]): ApiOperation['body'] {
  const body = declared.find((one) => one['in'] === 'body');
  if (body !== undefined) {
    const isJson = consumes.some((type) => isJsonType(String(type)));
    return { schema: isJson ? schemaOf(body['schema']) : null, required: body['required'] === true };
  }
  const fields = declared.filter((one) => one['in'] === 'formData');
  return fields.length === 0 ? null : { schema: null, required: fields.some((one) => one['required'] === true) };
}

function bodyOf(requestBody: Json | undefined, resolve: ApiDocument['resolve']): ApiOperation['body'] {
  if (requestBody === undefined) return null;
  const { content, required } = resolve(requestBody);
  const media = Object.entries(objectOf(content)).find(([type]) => isJsonType(type));
  const { schema, example, examples } = objectOf(media?.[1]);
  const [first] = Object.values(objectOf(examples));
  const shown = example ?? (first === undefined ? undefined : resolve(first)['value']);
  const own = schemaOf(schema);
  const shape = shown === undefined || own === null ? own : { ...own, example: shown };
  return { schema: media === undefined ? null : (shape ?? {}), required: required === true };
}

function jsonSchemaIn(content: Json | undefined): Schema | null {
  const media = Object.entries(objectOf(content)).find(([type]) => isJsonType(type));
  return media === undefined ? null : schemaOf(objectOf(media[1])['schema']);
}

const isJsonType = (type: string): boolean => /^(application\/([\w.-]+\+)?json|\*\/\*)\s*(;|$)/.test(type);

/** The first server, with the defaults of its variables. */
function serverOf(servers: Json | undefined): Server {
  const { url, variables } = objectOf(listOf(servers)[0]);
  const filled = String(url ?? '').replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    String(objectOf(objectOf(variables)[name])['default'] ?? ''),
  );
  const { origin, pathname } = URL.parse(filled, ofDocument) ?? { origin: ofDocument, pathname: '' };
  return { origin: origin === ofDocument ? '' : origin, basePath: withoutSlash(pathname) };
}

const ofDocument = 'http://document';
const withoutSlash = (path: string): string => path.replace(/\/+$/, '');

function resolverOf(root: Schema): ApiDocument['resolve'] {
  return (value) => {
    let current = value;
    for (let i = 0; i < maxReferences; i += 1) {
      const reference = objectOf(current)['$ref'];
      if (typeof reference !== 'string') return objectOf(current);
      if (!reference.startsWith('#'))
        throw new Error(`${reference} is in another file; bundle the document into one file`);
      const { $ref: _, ...siblings } = objectOf(current);
      const target = targetOf(root, reference);
      // Version 3.1 allows keywords next to a reference.
      current = Object.keys(siblings).length === 0 ? target : { ...objectOf(target), ...siblings };
    }
    throw new Error('its references are circular');
  };
}

function targetOf(root: Schema, reference: string): Json {
  let target: Json | undefined = root;
  for (const part of reference.slice(1).split('/').slice(1)) {
    const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    target = typeof target === 'object' && target !== null ? (target as Record<string, Json>)[name] : undefined;
  }
  if (target === undefined) throw new Error(`${reference} does not resolve`);
  return target;
}

export function objectOf(value: Json | undefined): Schema {
  return schemaOf(value) ?? {};
}

export function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

function schemaOf(value: Json | undefined): Schema | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
}
