/**
 * What is wrong in a settings file, in the words of somebody who writes one: the path of the file as it was given, the
 * place in it, the value that stands there, and what would be right. What is right is read from the JSON Schema, so that
 * every mistake at a place is answered with all that the place wants, and not with the first thing that it lacks.
 */
import { runConfigSchema } from '@encore/contracts';
import { EncoreError } from '@encore/kit';
import { z } from 'zod';
import { exampleOf, isMetric, metricShapes, parseThreshold } from '../judge/threshold.ts';
import { isObject, type SettingsObject } from './config-file.ts';
import { nearestWord, notRight } from './near-miss.ts';
import { scalarSettings } from './scalar-settings.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;
type Path = readonly PropertyKey[];

let root: JsonSchema | undefined;

/** Made for the first mistake: a command line without one need not wait for it. */
function wholeSchema(): JsonSchema {
  root ??= z.toJSONSchema(runConfigSchema, { io: 'input' });
  return root;
}

export function problemsOfFile(settings: SettingsObject, file: string): string[] {
  const result = runConfigSchema.safeParse(settings);
  const problems = result.success ? [] : result.error.issues.flatMap((issue) => problemsOfIssue(issue, settings));
  const all = new Set([...problems, ...problemsOfThresholds(settings['thresholds'])]);
  return [...all].map((problem) => `${file}: ${problem}`);
}

function problemsOfThresholds(thresholds: unknown): string[] {
  const metrics = Object.keys(metricShapes);
  const problems: string[] = [];
  for (const [metric, expression] of isObject(thresholds) ? Object.entries(thresholds) : []) {
    if (!metrics.includes(metric)) problems.push(unknownKey(['thresholds', metric], metrics, metrics));
    else if (typeof expression === 'string')
      try {
        parseThreshold(metric, expression);
      } catch (error) {
        if (!(error instanceof EncoreError)) throw error;
        problems.push(error.message);
      }
  }
  return problems;
}

function problemsOfIssue(issue: z.core.$ZodIssue, settings: SettingsObject): string[] {
  const schema = schemaAt(issue.path);
  const value = valueAt(settings, issue.path);
  if (issue.code === 'unrecognized_keys') {
    const known = keysOf(schema);
    // A flag or a variable of the same setting is as good a guess as its name in a file.
    const aliases = issue.path.length === 0 ? scalarSettings.flatMap(({ flag, variable }) => [flag, variable]) : [];
    return issue.keys.map((key) => unknownKey([...issue.path, key], known, [...known, ...aliases]));
  }
  if (issue.code === 'invalid_union') {
    const meant = alternativeFor(value, schema);
    const inner = meant === undefined ? undefined : issue.errors[meant];
    if (inner !== undefined)
      return inner.flatMap((one) => problemsOfIssue({ ...one, path: [...issue.path, ...one.path] }, settings));
  }
  const place = placeOf(issue.path);
  const setting = issue.path.length === 1 ? scalarSettings.find(({ key }) => key === issue.path[0]) : undefined;
  const right = issue.code === 'custom' ? issue.message : (setting?.right ?? ruleFor(issue.path) ?? rightFor(schema));
  if (value === undefined) return [`${place}: is missing; give ${right}`];
  if (issue.code === 'custom') return [`${place}: ${JSON.stringify(value)} is not right: ${right}`];
  return [`${place}: ${notRight(value, right, schema?.enum?.map(String))}`];
}

function unknownKey(path: Path, known: readonly string[], candidates: readonly string[]): string {
  const key = String(path.at(-1));
  // Known in another form of what may stand here.
  if (known.includes(key)) return `${placeOf(path)}: does not go with what stands beside it`;
  const nearest = nearestWord(key, candidates);
  const setting = scalarSettings.find(({ flag, variable }) => flag === nearest || variable === nearest);
  const meant = setting?.key ?? nearest;
  const hint = meant === undefined ? `There are ${known.join(', ')}` : `Did you mean ${meant}?`;
  return `${placeOf(path)}: there is no such setting. ${hint}`;
}

/** Of several forms, the one that has most of the value's keys, mistyped ones too; undefined where that is none, or more than one. */
function alternativeFor(value: unknown, schema: JsonSchema | undefined): number | undefined {
  if (!isObject(value)) return undefined;
  const given = Object.keys(value);
  const scores = (schema?.anyOf ?? []).map((form) => given.filter((key) => nearestWord(key, keysOf(form))).length);
  const best = Math.max(...scores);
  return best > 0 && scores.filter((score) => score === best).length === 1 ? scores.indexOf(best) : undefined;
}

/** A rule that the metric at this place would take. */
function ruleFor([first, metric]: Path): string | undefined {
  if (first !== 'thresholds' || typeof metric !== 'string' || !isMetric(metric)) return undefined;
  return `a rule in quotation marks, such as "${exampleOf(metric)}"`;
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

function schemaAt(path: Path): JsonSchema | undefined {
  let schema: JsonSchema | undefined = wholeSchema();
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
