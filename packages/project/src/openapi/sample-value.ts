/**
 * Makes a value that a schema accepts: its example, default or first enum, otherwise the simplest
 * one. Throws the reason if there is none. Strings without constraints are `{{ new_id }}`, so that
 * objects differ.
 */
import { type ApiDocument, type Json, listOf, objectOf, type Schema } from './api-document.ts';

/** Schemas may contain themselves. */
const maxDepth = 8;
/** An id that the workload takes from Encore. */
export const newId = '{{ new_id }}';
/** No such id is longer. */
export const maxIdLength = 100;

const formats: Record<string, string> = {
  'date-time': '2026-01-01T00:00:00Z',
  date: '2026-01-01',
  time: '00:00:00Z',
  duration: 'PT1S',
  uuid: '00000000-0000-4000-8000-000000000000',
  email: 'user@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  byte: 'eA==',
};
/** For a pattern without an example. */
const candidates = ['a', 'A', 'abc', 'ABC', '1', '123', 'a1', 'a-b', '2026-01-01', ...Object.values(formats)];

export function sampleValue(schema: Schema, resolve: ApiDocument['resolve'], name: string, depth = 0): Json {
  if (depth > maxDepth) throw new Error(`${name} is nested too deeply`);
  const own = merged(schema, resolve, depth);
  const given = givenValue(own);
  if (given !== undefined) return escaped(given);
  switch (typeOf(own)) {
    case 'object':
      return sampleObject(own, resolve, name, depth);
    case 'array': {
      const count = Number(own['minItems'] ?? 0);
      const item = () => sampleValue(objectOf(own['items']), resolve, `${name}[]`, depth + 1);
      if (count > 1 && own['uniqueItems'] === true) throw new Error(`${name} needs ${count} different items`);
      return Array.from({ length: count }, item);
    }
    case 'boolean':
      return true;
    case 'integer':
    case 'number':
      return sampleNumber(own, name);
    case 'null':
      return null;
    default:
      return sampleText(own, name);
  }
}

/** What the document itself gives; undefined if it gives nothing. */
export function givenValue({
  example,
  examples,
  default: usual,
  const: only,
  enum: several,
}: Schema): Json | undefined {
  const [shown] = listOf(examples);
  const [first] = listOf(several);
  return example ?? shown ?? usual ?? only ?? first;
}

/** The schema with what its allOf, and the first of its oneOf or anyOf, add. */
export function merged(schema: Schema, resolve: ApiDocument['resolve'], depth = 0): Schema {
  const { allOf, oneOf, anyOf, ...own } = resolve(schema);
  if (depth > maxDepth) return own;
  const alternatives = [...listOf(oneOf), ...listOf(anyOf)];
  const chosen = alternatives.find((one) => objectOf(one)['type'] !== 'null');
  const parts = [...listOf(allOf), ...(chosen === undefined ? [] : [chosen])].map((part) =>
    merged(objectOf(part), resolve, depth + 1),
  );
  const all = [...parts, own];
  const properties = all.map((part) => objectOf(part['properties']));
  const required = all.flatMap((part) => listOf(part['required']));
  return Object.assign({}, ...all, { properties: Object.assign({}, ...properties), required });
}

export function typeOf({ type, properties, items }: Schema): string {
  const first = Array.isArray(type) ? type.find((one) => one !== 'null') : type;
  if (typeof first === 'string') return first;
  if (Object.keys(objectOf(properties)).length > 0) return 'object';
  return items === undefined ? 'string' : 'array';
}

/** All required members; if none is, all that are neither objects nor lists. */
function sampleObject(own: Schema, resolve: ApiDocument['resolve'], name: string, depth: number): Json {
  const properties = Object.entries(objectOf(own['properties'])).map(
    ([key, value]) => [key, merged(objectOf(value), resolve, depth + 1)] as const,
  );
  const writable = properties.filter(([, property]) => property['readOnly'] !== true);
  const required = new Set(listOf(own['required']));
  const isSimple = (property: Schema) => !['object', 'array'].includes(typeOf(property));
  const chosen = writable.filter(([key, property]) => (required.size > 0 ? required.has(key) : isSimple(property)));
  return Object.fromEntries(
    chosen.map(([key, property]) => [
      key,
      sampleValue(property, resolve, name === '' ? key : `${name}.${key}`, depth + 1),
    ]),
  );
}

function sampleNumber(own: Schema, name: string): number {
  const step = Number(own['multipleOf'] ?? 1);
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = own;
  // Up to 3.0, the exclusive ones are true or false.
  const above =
    typeof exclusiveMinimum === 'number' ? exclusiveMinimum : exclusiveMinimum === true ? minimum : undefined;
  const below =
    typeof exclusiveMaximum === 'number' ? exclusiveMaximum : exclusiveMaximum === true ? maximum : undefined;
  const least = Math.max(Number(minimum ?? 1), above === undefined ? Number.NEGATIVE_INFINITY : Number(above) + step);
  let value = Math.ceil(least / step) * step;
  const most = Math.min(Number(maximum ?? value), below === undefined ? value : Number(below) - step);
  if (minimum === undefined && above === undefined && most < value) value = Math.floor(most / step) * step;
  if (value > most) throw new Error(`${name} has no simple value; add an example`);
  return value;
}

function sampleText(own: Schema, name: string): string {
  const { format, pattern } = own;
  if (format === 'binary') throw new Error(`${name} is binary`);
  const [min, max] = [Number(own['minLength'] ?? 0), Number(own['maxLength'] ?? Number.POSITIVE_INFINITY)];
  const fits = (text: string) => text.length >= min && text.length <= max;
  if (typeof pattern === 'string') {
    const found = candidates.find((text) => fits(text) && matches(text, pattern));
    if (found === undefined) throw new Error(`${name} has the pattern ${pattern}; add an example`);
    return found;
  }
  const known = typeof format === 'string' ? formats[format] : undefined;
  if (known !== undefined) return known;
  if (max >= maxIdLength && min <= 1) return newId;
  return 'text'.padEnd(min, 'x').slice(0, max);
}

function matches(text: string, pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(text);
  } catch {
    return false;
  }
}

/** An example may contain what looks like a template. */
function escaped(value: Json): Json {
  if (typeof value === 'string') return /\{[{%]/.test(value) ? `{% raw %}${value}{% endraw %}` : value;
  if (Array.isArray(value)) return value.map(escaped);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, escaped(item)]));
}
