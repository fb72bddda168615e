/** What a schema asks for: its merged keywords, its type, the value it gives, its bounds. */
import { type ApiDocument, type Json, listOf, objectOf, type Schema } from './api-document.ts';

/** A value of each format that is known. */
export const formatSamples: Record<string, string> = {
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

/** Schemas may contain themselves. */
export const maxDepth = 8;

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

/** Of a number, both inclusive; undefined where there is none. */
export interface Bounds {
  least: number | undefined;
  most: number | undefined;
  step: number;
}

export function boundsOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf }: Schema): Bounds {
  const step = Number(multipleOf ?? 1);
  // Up to 3.0, the exclusive ones are true or false.
  const above =
    typeof exclusiveMinimum === 'number' ? exclusiveMinimum : exclusiveMinimum === true ? minimum : undefined;
  const below =
    typeof exclusiveMaximum === 'number' ? exclusiveMaximum : exclusiveMaximum === true ? maximum : undefined;
  const least = [minimum, above === undefined ? undefined : Number(above) + step].filter((one) => one !== undefined);
  const most = [maximum, below === undefined ? undefined : Number(below) - step].filter((one) => one !== undefined);
  return {
    least: least.length === 0 ? undefined : Math.max(...least.map(Number)),
    most: most.length === 0 ? undefined : Math.min(...most.map(Number)),
    step,
  };
}

/** Of a text. */
export function lengthsOf({ minLength, maxLength }: Schema): { min: number; max: number } {
  return { min: Number(minLength ?? 0), max: Number(maxLength ?? Number.POSITIVE_INFINITY) };
}

export function formatSample({ format }: Schema): string | undefined {
  return typeof format === 'string' ? formatSamples[format] : undefined;
}

export function matches(text: string, pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(text);
  } catch {
    return false;
  }
}

/** An example may contain what looks like a template. */
export function escaped(value: Json): Json {
  if (typeof value === 'string') return /\{[{%]/.test(value) ? `{% raw %}${value}{% endraw %}` : value;
  if (Array.isArray(value)) return value.map(escaped);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, escaped(item)]));
}
