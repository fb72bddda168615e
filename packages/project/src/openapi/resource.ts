/** Finds what a create makes, how its id is known, and how it is read back and deleted. */
import { type ApiDocument, type ApiOperation, type Json, objectOf, type Schema } from './api-document.ts';
import { maxIdLength, newId } from './drawn-value.ts';
import type { Samples } from './sample-value.ts';
import { merged, typeOf } from './schema-shape.ts';

export interface Resource {
  create: ApiOperation;
  read: ApiOperation;
  remove: ApiOperation | undefined;
  /** The parameter of the item's path. */
  parameter: string;
  /** JSONPath of the id in the response to the create; null if the user chooses it. */
  idPath: string | null;
  /** What was sent and must be shown: JSONPath in the response to the read, and the value. */
  shown: [path: string, value: string | number | boolean][];
}

/** Throws the reason if the result of the create cannot be read back. */
export function resourceOf(create: ApiOperation, api: ApiDocument, samples: Samples): Resource {
  const isPut = create.method === 'PUT';
  const read = isPut
    ? api.operations.find(({ method, path }) => method === 'GET' && plain(path) === plain(create.path))
    : readOf(create, api);
  if (read === undefined)
    throw new Error(
      isPut ? 'there is no GET of the same path' : `there is no GET ${plain(create.path)}/{id} to read it back`,
    );
  const [, parameter = ''] = /\{([^}]+)\}$/.exec(plain(read.path)) ?? [];
  const remove = api.operations.find(({ method, path }) => method === 'DELETE' && plain(path) === plain(read.path));
  const sent = objectOf(create.body?.schema ? samples.valueOf(create.body.schema) : {});
  const view = viewOf(read.response, parameter, api);
  const isChosen = isPut ? isFreeText(create, parameter, api) : sent[parameter] === newId;
  if (isPut && !isChosen) throw new Error('it changes an object that must exist; add it as a step if users do this');
  const answer = create.statuses.some((status) => status >= 200 && status < 300) ? create.response : read.response;
  const idPath = isChosen ? null : idPathOf(viewOf(answer, parameter, api), parameter);
  // A server may ignore an id in the body, which is not the one in the path.
  const isOwnId = (path: string) => idPath?.endsWith(path.slice(view.at.length)) || /[.](_?id|uu?id)$/.test(path);
  const shown = shownOf(sent, view).filter(([path]) => !isOwnId(path));
  return { create, read, remove, parameter, idPath, shown };
}

/** The item of the same path, or one whose parameter is named in the response to the create. */
function readOf(create: ApiOperation, api: ApiDocument): ApiOperation | undefined {
  const reads = api.operations.filter(({ method }) => method === 'GET');
  const isNamed = ({ path }: ApiOperation) => {
    const [, only, rest] = /^[^{]*\/\{([^}]+)\}(.*)$/.exec(plain(path)) ?? [];
    if (only === undefined || rest !== '') return false;
    const named = viewOf(create.response, only, api).properties[only];
    return named !== undefined && isScalar(named);
  };
  return reads.find(({ path }) => isItemOf(path, create.path)) ?? reads.find((read) => !isBare(read) && isNamed(read));
}

/** `{id}` and the like name nothing in particular. */
function isBare({ path }: ApiOperation): boolean {
  return /\{(id|name|key|slug|uuid)\}$/i.test(plain(path));
}

interface View {
  /** JSONPath of the object. */
  at: string;
  properties: Record<string, Schema>;
}

/** The object in a response, which may be wrapped in one member such as `data`. */
function viewOf(response: Schema | null, parameter: string, { resolve }: ApiDocument): View {
  if (response === null) return { at: '$', properties: {} };
  const propertiesOf = (schema: Schema): Record<string, Schema> =>
    Object.fromEntries(
      Object.entries(objectOf(schema['properties'])).map(([name, value]) => [name, merged(objectOf(value), resolve)]),
    );
  const properties = propertiesOf(merged(response, resolve));
  if (idNames(parameter).some((name) => properties[name] !== undefined)) return { at: '$', properties };
  const objects = Object.entries(properties).filter(([, property]) => typeOf(property) === 'object');
  const [[name, inner] = []] = objects.length === 1 ? objects : [];
  if (name === undefined || inner === undefined) return { at: '$', properties };
  return { at: `$${member(name)}`, properties: propertiesOf(inner) };
}

function idPathOf({ at, properties }: View, parameter: string): string {
  const name = idNames(parameter).find((one) => properties[one] !== undefined && isScalar(properties[one]));
  if (name === undefined)
    throw new Error(
      `no field of its response matches the path parameter {${parameter}}; describe one in the response's schema, such as id`,
    );
  return `${at}${member(name)}`;
}

/** The fields that may hold the id: the parameter's own name, then common names of ids. */
function idNames(parameter: string): string[] {
  return [parameter, 'id', '_id', 'uuid', 'uid', 'key', 'slug', 'name'];
}

/** Servers may normalize times, and do not show secrets. */
function shownOf(sent: Record<string, Json>, { at, properties }: View): Resource['shown'] {
  return Object.entries(sent).flatMap(([name, value]) => {
    const property = properties[name];
    const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    if (!isPlain || property === undefined || property['writeOnly'] === true) return [];
    if (/^(date-time|password|byte)$/.test(String(property['format']))) return [];
    return [[`${at}${member(name)}`, value]];
  });
}

function isFreeText({ parameters, statuses, path }: ApiOperation, parameter: string, api: ApiDocument): boolean {
  const schema = merged(parameters.find(({ name }) => name === parameter)?.schema ?? {}, api.resolve);
  const isCreated = statuses.includes(201);
  const collection = plain(path).replace(/\/\{[^}]+\}$/, '');
  const hasPost = api.operations.some((one) => one.method === 'POST' && plain(one.path) === collection);
  const { format, pattern, maxLength = maxIdLength } = schema;
  const isFree =
    typeOf(schema) === 'string' && format === undefined && pattern === undefined && Number(maxLength) >= maxIdLength;
  return isFree && parameter !== '' && (isCreated || !hasPost);
}

const isScalar = (schema: Schema): boolean => !['object', 'array'].includes(typeOf(schema));
const plain = (path: string): string => path.replace(/\/+$/, '');
const isItemOf = (item: string, collection: string): boolean =>
  /\/\{[^}]+\}$/.test(plain(item)) && plain(item).replace(/\/\{[^}]+\}$/, '') === plain(collection);
const member = (name: string): string =>
  /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `['${name.replaceAll("'", "\\'")}']`;
