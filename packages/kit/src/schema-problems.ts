/**
 * Lists what is wrong in settings that a person wrote: the place, the value that stands there, and what would be right.
 * What is right is read from the JSON Schema, so that every mistake at a place is answered with all that the place wants,
 * and not with the first thing that it lacks.
 */
import { z } from 'zod';
import { nearestWord, notRight } from './near-miss.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;
type Path = readonly PropertyKey[];

export interface SchemaWords {
  /** Other names of the settings at the top, each with the key that it stands for. */
  aliases?: Readonly<Record<string, string>>;
  /** Completes the sentence "give ..." for a place that has better words than its schema. */
  right?: (path: Path) => string | undefined;
}

/** One line for each problem, the place first; empty when the schema accepts `value`. */
export function schemaProblems(schema: z.ZodType, value: unknown, words: SchemaWords = {}): string[] {
  const result = schema.safeParse(value);
  if (result.success) return [];
  const wording = new Wording(z.toJSONSchema(schema, { io: 'input' }), value, words);
  return [...new Set(result.error.issues.flatMap((issue) => wording.problemsOf(issue)))];
}

/** A name that is not known, and the one that was probably meant, or else all of them. */
export function unknownKey(
  path: Path,
  known: readonly string[],
  aliases: Readonly<Record<string, string>> = {},
): string {
  const nearest = nearestWord(String(path.at(-1)), [...known, ...Object.keys(aliases)]);
  const meant = nearest === undefined ? undefined : (aliases[nearest] ?? nearest);
  const hint = meant === undefined ? `There are ${known.join(', ')}` : `Did you mean ${meant}?`;
  return `${placeOf(path)}: there is no such setting. ${hint}`;
}

class Wording {
  readonly #root: JsonSchema;
  readonly #value: unknown;
  readonly #words: SchemaWords;

  constructor(root: JsonSchema, value: unknown, words: SchemaWords) {
    this.#root = root;
    this.#value = value;
    this.#words = words;
  }

  problemsOf(issue: z.core.$ZodIssue): string[] {
    const schema = schemaAt(this.#root, issue.path);
    const value = valueAt(this.#value, issue.path);
    if (issue.code === 'unrecognized_keys') {
      const known = keysOf(schema);
      const aliases = issue.path.length === 0 ? this.#words.aliases : undefined;
      return issue.keys.map((key) =>
        known.includes(key)
          ? // Known in another form of what may stand here.
            `${placeOf([...issue.path, key])}: does not go with what stands beside it`
          : unknownKey([...issue.path, key], known, aliases),
      );
    }
    if (issue.code === 'invalid_union') {
      const meant = alternativeFor(value, schema);
      const inner = meant === undefined ? undefined : issue.errors[meant];
      if (inner !== undefined)
        return inner.flatMap((one) => this.problemsOf({ ...one, path: [...issue.path, ...one.path] }));
    }
    const place = placeOf(issue.path);
    const before = place === '' ? '' : `${place}: `;
    if (issue.code === 'custom' && value !== undefined)
      return [`${before}${JSON.stringify(value)} is not right: ${issue.message}`];
    const right = issue.code === 'custom' ? issue.message : (this.#words.right?.(issue.path) ?? rightFor(schema));
    if (value === undefined) return [`${before}is missing; give ${right}`];
    return [`${before}${notRight(value, right, schema?.enum?.map(String))}`];
  }
}

/** Of several forms, the one that has most of the value's keys, mistyped ones too; undefined where that is none, or more than one. */
function alternativeFor(value: unknown, schema: JsonSchema | undefined): number | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const given = Object.keys(value);
  const scores = (schema?.anyOf ?? []).map((form) => given.filter((key) => nearestWord(key, keysOf(form))).length);
  const best = Math.max(...scores);
  return best > 0 && scores.filter((score) => score === best).length === 1 ? scores.indexOf(best) : undefined;
}

/** Completes the sentence "give ...". */
function rightFor(schema: JsonSchema | undefined): string {
  if (schema?.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  switch (schema?.type) {
    case 'boolean':
      return 'true or false';
    case 'integer':
      return `a whole number${boundsOf(schema)}`;
    case 'number':
      return `a number${boundsOf(schema)}`;
    case 'array':
      return schema.minItems === undefined ? 'a list' : `a list with at least ${schema.minItems} item`;
    case 'object':
      return `settings by name${keysOf(schema).length > 0 ? `: ${keysOf(schema).join(', ')}` : ''}`;
    default:
      return schema?.description ?? 'a text';
  }
}

/** The range of a number as a phrase, such as ` from 1 to 60`; empty where it has none. */
function boundsOf({ minimum, exclusiveMinimum, maximum }: JsonSchema): string {
  // Whole numbers always have the limits of the language, which nobody chose.
  const max = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (minimum !== undefined && max !== undefined) return ` from ${minimum} to ${max}`;
  const bounds: string[] = [];
  if (minimum !== undefined) bounds.push(`of at least ${minimum}`);
  if (exclusiveMinimum !== undefined) bounds.push(`above ${exclusiveMinimum}`);
  if (max !== undefined) bounds.push(`at most ${max}`);
  return bounds.length === 0 ? '' : ` ${bounds.join(' and ')}`;
}

/** The settings that may stand at a place; where it has several forms, those of all. */
function keysOf(schema: JsonSchema | boolean | undefined): string[] {
  if (typeof schema !== 'object') return [];
  return schema.anyOf?.flatMap(keysOf) ?? Object.keys(schema.properties ?? {});
}

function schemaAt(root: JsonSchema, path: Path): JsonSchema | undefined {
  let schema: JsonSchema | undefined = root;
  for (const key of path) schema = schema && within(schema, key);
  return schema;
}

function within(schema: JsonSchema, key: PropertyKey): JsonSchema | undefined {
  const forms = schema.anyOf ?? [schema];
  for (const form of forms) {
    if (typeof form !== 'object') continue;
    const inner = typeof key === 'number' ? form.items : (form.properties?.[String(key)] ?? form.additionalProperties);
    if (typeof inner === 'object' && !Array.isArray(inner)) return inner;
  }
  return undefined;
}

function valueAt(settings: unknown, path: Path): unknown {
  let value = settings;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  return value;
}

/** `schedule[0].faults[0].kind`. */
function placeOf(path: Path): string {
  return path.reduce<string>((place, key) => {
    if (typeof key === 'number') return `${place}[${key}]`;
    return place === '' ? String(key) : `${place}.${String(key)}`;
  }, '');
}
