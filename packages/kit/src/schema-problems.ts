/**
 * Lists the problems in settings that a person wrote: the path, the value found there, and what is
 * expected. The expectation comes from the JSON Schema, so it states all constraints of the path
 * and not only the first one violated.
 */
import { z } from 'zod';
import { invalidValue, nearestWord } from './near-miss.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;
type Path = readonly PropertyKey[];

export interface SchemaHints {
  /** Alternative names of top-level settings, each with its key. */
  aliases?: Readonly<Record<string, string>>;
  /**
   * Completes the sentence "expected ..." where the schema alone does not describe the value well.
   */
  expected?: (path: Path) => string | undefined;
}

/** Returns one line per problem, starting with its path; empty if the schema accepts `value`. */
export function schemaProblems(schema: z.ZodType, value: unknown, hints: SchemaHints = {}): string[] {
  const result = schema.safeParse(value);
  if (result.success) return [];
  const formatter = new ProblemFormatter(z.toJSONSchema(schema, { io: 'input' }), value, hints);
  return [...new Set(result.error.issues.flatMap((issue) => formatter.problemsOf(issue)))];
}

/** Reports an unknown setting, with the nearest known one or else all of them. */
export function unknownKey(
  path: Path,
  known: readonly string[],
  aliases: Readonly<Record<string, string>> = {},
): string {
  const nearest = nearestWord(String(path.at(-1)), [...known, ...Object.keys(aliases)]);
  const meant = nearest === undefined ? undefined : (aliases[nearest] ?? nearest);
  const hint = meant === undefined ? `Known settings: ${known.join(', ')}` : `Did you mean ${meant}?`;
  return `${pathText(path)}: unknown setting. ${hint}`;
}

/** The keys that the schema allows at this path of the value. */
export function keysAt(schema: z.ZodType, path: Path, value: unknown): string[] {
  return keysOf(schemaAt(z.toJSONSchema(schema, { io: 'input' }), path, value));
}

/** Describes what the schema expects at this path; completes the sentence "expected ...". */
export function expectedAt(schema: z.ZodType, path: Path, value: unknown): string {
  return expectedBy(schemaAt(z.toJSONSchema(schema, { io: 'input' }), path, value));
}

class ProblemFormatter {
  readonly #root: JsonSchema;
  readonly #value: unknown;
  readonly #hints: SchemaHints;

  constructor(root: JsonSchema, value: unknown, hints: SchemaHints) {
    this.#root = root;
    this.#value = value;
    this.#hints = hints;
  }

  problemsOf(issue: z.core.$ZodIssue): string[] {
    const schema = schemaAt(this.#root, issue.path, this.#value);
    const value = valueAt(this.#value, issue.path);
    if (issue.code === 'unrecognized_keys') {
      const known = keysOf(schema);
      const aliases = issue.path.length === 0 ? this.#hints.aliases : undefined;
      return issue.keys.map((key) =>
        known.includes(key)
          ? // The key belongs to another alternative of this union.
            `${pathText([...issue.path, key])}: cannot be combined with the settings beside it`
          : unknownKey([...issue.path, key], known, aliases),
      );
    }
    if (issue.code === 'invalid_key') {
      const names = schemaAt(this.#root, issue.path.slice(0, -1), this.#value)?.propertyNames;
      const allowed = typeof names === 'object' ? names : undefined;
      const name = issue.path.at(-1);
      return [`${pathText(issue.path)}: ${invalidValue(name, expectedBy(allowed), allowed?.enum?.map(String))}`];
    }
    if (issue.code === 'invalid_union') {
      const meant = alternativeFor(value, schema);
      const inner = meant === undefined ? undefined : issue.errors[meant];
      if (inner !== undefined)
        return inner.flatMap((one) => this.problemsOf({ ...one, path: [...issue.path, ...one.path] }));
    }
    const path = pathText(issue.path);
    const prefix = path === '' ? '' : `${path}: `;
    if (issue.code === 'custom' && value !== undefined)
      return [`${prefix}${JSON.stringify(value)} is not valid: ${issue.message}`];
    const expected =
      issue.code === 'custom' ? issue.message : (this.#hints.expected?.(issue.path) ?? expectedBy(schema));
    if (value === undefined) return [`${prefix}is missing; expected ${expected}`];
    return [`${prefix}${invalidValue(value, expected, schema?.enum?.map(String))}`];
  }
}

/**
 * Returns the index of the alternative that shares the most keys with the value, counting mistyped
 * keys, or of the only list for a list; undefined if no single alternative stands out.
 */
function alternativeFor(value: unknown, schema: JsonSchema | undefined): number | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) {
    const lists = (schema?.anyOf ?? []).flatMap((form, index) =>
      typeof form === 'object' && form.type === 'array' ? [index] : [],
    );
    return lists.length === 1 ? lists[0] : undefined;
  }
  const given = Object.keys(value);
  const scores = (schema?.anyOf ?? []).map((form) => given.filter((key) => nearestWord(key, keysOf(form))).length);
  const best = Math.max(...scores);
  return best > 0 && scores.filter((score) => score === best).length === 1 ? scores.indexOf(best) : undefined;
}

/** Completes the sentence "expected ...". */
function expectedBy(schema: JsonSchema | undefined): string {
  const example = schema?.examples?.[0];
  return `${formBy(schema)}${example === undefined ? '' : `, such as ${JSON.stringify(example)}`}`;
}

function formBy(schema: JsonSchema | undefined): string {
  if (schema?.const !== undefined) return String(schema.const);
  if (schema?.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  switch (schema?.type) {
    case 'boolean':
      return 'true or false';
    case 'integer':
      return `a whole number${boundsOf(schema)}`;
    case 'number':
      return `a number${boundsOf(schema)}`;
    case 'array':
      if (schema.prefixItems !== undefined) return `a list with ${schema.prefixItems.length} items`;
      return schema.minItems === undefined ? 'a list' : `a list with at least ${schema.minItems} item`;
    case 'object':
      return `named settings${keysOf(schema).length > 0 ? `: ${keysOf(schema).join(', ')}` : ''}`;
    default:
      return schema?.description ?? 'text';
  }
}

/** Returns the range of a number as a phrase, such as ` from 1 to 60`; empty if it has none. */
function boundsOf({ minimum, exclusiveMinimum, maximum }: JsonSchema): string {
  // Integer schemas always carry the bounds of safe integers, which nobody chose.
  const min = minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const max = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  const bounds: string[] = [];
  if (min !== undefined) bounds.push(`of at least ${min}`);
  if (exclusiveMinimum !== undefined) bounds.push(`above ${exclusiveMinimum}`);
  if (max !== undefined) bounds.push(`at most ${max}`);
  return bounds.length === 0 ? '' : ` ${bounds.join(' and ')}`;
}

/** Returns the property names that a schema allows, over all alternatives of a union. */
function keysOf(schema: JsonSchema | boolean | undefined): string[] {
  if (typeof schema !== 'object') return [];
  return schema.anyOf?.flatMap(keysOf) ?? Object.keys(schema.properties ?? {});
}

/** `settings`: the value that the schema describes; it selects among alternatives. */
function schemaAt(root: JsonSchema, path: Path, settings: unknown): JsonSchema | undefined {
  let schema: JsonSchema | undefined = root;
  let value = settings;
  for (const key of path) {
    schema = schema && within(schema, key, value);
    value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  }
  return schema;
}

function within(schema: JsonSchema, key: PropertyKey, value: unknown): JsonSchema | undefined {
  const forms = schema.anyOf ?? schema.oneOf?.filter((form) => isMeant(form, value)) ?? [schema];
  for (const form of forms) {
    const inner = innerAt(form, key);
    if (inner !== undefined) return inner;
  }
  // No alternative of `oneOf` has this discriminator: all of them together are what is allowed.
  const known = schema.oneOf?.flatMap((form) => innerAt(form, key)?.const ?? []);
  return known === undefined ? undefined : { enum: known };
}

function innerAt(form: JsonSchema | boolean, key: PropertyKey): JsonSchema | undefined {
  if (typeof form !== 'object') return undefined;
  const item = typeof key === 'number' ? (form.prefixItems?.[key] ?? form.items) : undefined;
  const inner = item ?? form.properties?.[String(key)] ?? form.additionalProperties;
  return typeof inner === 'object' && !Array.isArray(inner) ? inner : undefined;
}

/** True for the alternative of a discriminated union that the value has chosen. */
function isMeant(form: JsonSchema | boolean, value: unknown): boolean {
  if (typeof form !== 'object') return false;
  return Object.entries(form.properties ?? {}).every(
    ([name, inner]) =>
      typeof inner !== 'object' ||
      inner.const === undefined ||
      (value as Record<string, unknown> | undefined)?.[name] === inner.const,
  );
}

function valueAt(settings: unknown, path: Path): unknown {
  let value = settings;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  return value;
}

/** Formats a path as `schedule[0].faults[0].kind`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}
