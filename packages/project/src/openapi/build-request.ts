/** Builds the request of an operation: path, parameters, authentication and body. */
import { wordsOf } from '../init/workload-names.ts';
import { type ApiDocument, type ApiOperation, type ApiParameter, type Json, objectOf } from './api-document.ts';
import { type Samples, simpleValue } from './sample-value.ts';
import { givenValue, merged, typeOf } from './schema-shape.ts';

export interface BuiltRequest {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  json?: Json;
}

/** Placeholders that the user fills in, by the name of the constant. */
export type Constants = Map<string, { value: string; comment: string }>;

/** What the requests of a workload have in common. */
export interface Shared {
  api: ApiDocument;
  constants: Constants;
  samples: Samples;
}

const placeholder = 'REPLACE_ME';

/**
 * `values` gives parameters by name. Throws a reason if a value is missing, or if something is
 * needed that Encore cannot send.
 */
export function buildRequest(
  operation: ApiOperation,
  { api, constants, samples }: Shared,
  values: Record<string, string> = {},
): BuiltRequest {
  const { origin, basePath } = operation.server;
  if (origin !== '' && api.server.origin !== '' && origin !== api.server.origin)
    throw new Error(`it is on another host than the others, ${origin}`);
  let path = `${basePath}/${operation.path.replace(/^\/+/, '')}`;
  const query: string[] = [];
  const headers: Record<string, string> = {};
  for (const parameter of operation.parameters) {
    const { name, in: place, required } = parameter;
    if (place === 'path') path = path.replaceAll(`{${name}}`, textOf(parameter, api, values));
    else if (!required || isSentAnyway(parameter)) continue;
    else if (place === 'query') query.push(`${encodeURIComponent(name)}=${textOf(parameter, api, values)}`);
    else if (place === 'header') headers[name.toLowerCase()] = textOf(parameter, api, values);
    else
      throw new Error(
        `it needs the ${place} parameter ${name}, which Encore does not fill in; add it as a step if users do this`,
      );
  }
  const [, missing] = /\{(?!\{)([^{}]+)\}(?!\})/.exec(path) ?? [];
  if (missing !== undefined) throw new Error(`the document does not describe {${missing}}`);
  authenticate(operation, api, constants, headers, query);
  const json = bodyOf(operation, samples);
  return {
    ...(operation.method === 'GET' ? {} : { method: operation.method }),
    path: query.length === 0 ? path : `${path}${path.includes('?') ? '&' : '?'}${query.join('&')}`,
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(json === undefined ? {} : { json }),
  };
}

function bodyOf({ method, body }: ApiOperation, samples: Samples): Json | undefined {
  if (body === null || (method === 'GET' && !body.required)) return undefined;
  if (body.schema !== null) return samples.valueOf(body.schema);
  if (body.required || method !== 'DELETE') throw new Error('its body is not JSON; add it as a step if users do this');
  return undefined;
}

/** The engine sets these itself. */
function isSentAnyway({ name, in: place }: ApiParameter): boolean {
  return place === 'header' && /^(accept|content-type|authorization)$/i.test(name);
}

/** Numbers and booleans of a query may be made up, but no name of something that must exist. */
function textOf({ name, in: place, schema }: ApiParameter, { resolve }: ApiDocument, values: Record<string, string>) {
  const known = values[name];
  if (known !== undefined) return known;
  const own = merged(schema, resolve);
  const given = givenValue(own);
  const item = givenValue(merged(objectOf(own['items']), resolve));
  const mayBeMadeUp = place !== 'path' && ['boolean', 'integer', 'number'].includes(typeOf(own));
  const value = given ?? item ?? (mayBeMadeUp ? simpleValue(own, name) : undefined);
  if (value === undefined) throw new Error(`it needs ${shown(name, place)}, for which the document has no example`);
  const text = String([value].flat()[0]);
  if (!/^[\w.@:,-]+$/.test(text)) throw new Error(`the example of ${shown(name, place)} cannot be used in a path`);
  return text;
}

function shown(name: string, place: string): string {
  return place === 'path' ? `{${name}}` : `the ${place} parameter ${name}`;
}

/** Of several alternatives, the first that can be sent. */
function authenticate(
  { security }: ApiOperation,
  { securitySchemes }: ApiDocument,
  constants: Constants,
  headers: Record<string, string>,
  query: string[],
): void {
  if (security.length === 0 || security.some((names) => names.length === 0)) return;
  const chosen = security.find((names) => names.every((name) => isSendable(securitySchemes[name])));
  if (chosen === undefined) {
    const undescribed = security.flat().filter((name) => securitySchemes[name] === undefined);
    const why = undescribed.length > 0 ? 'not described in the document' : 'not supported';
    throw new Error(
      `its authentication (${(undescribed.length > 0 ? undescribed : security.flat()).join(', ')}) is ${why}`,
    );
  }
  for (const scheme of chosen) {
    const { type, in: place, name = '', scheme: http } = objectOf(securitySchemes[scheme]);
    const constant = constantName(scheme);
    const kind = String(type) === 'http' ? String(http).toLowerCase() : String(type);
    const isBasic = kind === 'basic';
    const comment = isBasic ? `${scheme}: base64 of user:password` : `${scheme}: ${kind}`;
    constants.set(constant, { value: placeholder, comment });
    const value = `{{ ${constant} }}`;
    if (kind !== 'apiKey') headers['authorization'] = `${isBasic ? 'Basic' : 'Bearer'} ${value}`;
    else if (place === 'query') query.push(`${encodeURIComponent(String(name))}=${value}`);
    else if (place === 'cookie') headers['cookie'] = `${name}=${value}`;
    else headers[String(name).toLowerCase()] = value;
  }
}

function isSendable(scheme: Json | undefined): boolean {
  const { type, scheme: http } = objectOf(scheme);
  if (type === 'http') return /^(basic|bearer)$/i.test(String(http));
  return ['apiKey', 'basic', 'oauth2', 'openIdConnect'].includes(String(type));
}

/** `api_key` for `ApiKey`. */
function constantName(scheme: string): string {
  const name = (wordsOf(scheme) ?? ['key']).join('_');
  return /^[a-z]/.test(name) ? name : `key_${name}`;
}
