/**
 * Makes values that a schema accepts: drawn ones where they may differ from object to object,
 * otherwise the example, default or first enum, otherwise the simplest one. Throws the reason if
 * there is none.
 */
import { isDeepStrictEqual } from 'node:util';
import { wordsOf } from '../init/workload-names.ts';
import { type ApiDocument, type Json, listOf, objectOf, type Schema } from './api-document.ts';
import { type DrawnValue, drawnValue } from './drawn-value.ts';
import {
  boundsOf,
  escaped,
  formatSample,
  formatSamples,
  givenValue,
  lengthsOf,
  matches,
  maxDepth,
  merged,
  typeOf,
} from './schema-shape.ts';

/** For a pattern without an example. */
const candidates = ['a', 'A', 'abc', 'ABC', '1', '123', 'a1', 'a-b', '2026-01-01', ...Object.values(formatSamples)];

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The values of one workload. The same field of the same schema always gives the same value. */
export class Samples {
  readonly #resolve: ApiDocument['resolve'];
  /** By name, for `values` of the workload. */
  readonly drawn = new Map<string, DrawnValue>();

  constructor(resolve: ApiDocument['resolve']) {
    this.#resolve = resolve;
  }

  /** `name` is that of the field, with those around it. */
  valueOf(schema: Schema, name = '', depth = 0): Json {
    if (depth > maxDepth) throw new Error(`${name} is nested too deeply`);
    const own = merged(schema, this.#resolve, depth);
    const drawn = drawnValue(own, name, (value) => this.#draw(name, value));
    if (drawn !== undefined) return drawn;
    const given = fitting(givenValue(own), own);
    if (typeOf(own) === 'object' && (given === undefined || isObject(given)))
      return this.#object(own, given, name, depth);
    if (given !== undefined) return escaped(given);
    if (typeOf(own) === 'array') return this.#list(own, name, depth);
    return simpleValue(own, name);
  }

  /** All required members; if none is, all that are neither objects nor lists. */
  #object(own: Schema, given: Json | undefined, name: string, depth: number): Json {
    const properties = Object.entries(objectOf(own['properties'])).map(
      ([key, value]) => [key, merged(objectOf(value), this.#resolve, depth + 1)] as const,
    );
    const example = objectOf(given);
    const required = new Set(listOf(own['required']));
    const isSimple = (property: Schema) => !['object', 'array'].includes(typeOf(property));
    const isChosen = (key: string, property: Schema): boolean => {
      if (given !== undefined) return key in example;
      if (property['readOnly'] === true) return false;
      return required.size > 0 ? required.has(key) : isSimple(property);
    };
    // Its value decides which other members there are.
    const kind = objectOf(own['discriminator'])['propertyName'];
    const members = properties
      .filter(([key, property]) => isChosen(key, property))
      .map(([key, property]) => {
        const shown = key in example ? { ...property, example: example[key] as Json } : property;
        const path = name === '' ? key : `${name}.${key}`;
        const fixed = key === kind ? givenValue(shown) : undefined;
        return [key, fixed === undefined ? this.valueOf(shown, path, depth + 1) : escaped(fixed)] as const;
      });
    const whole = { ...objectOf(escaped(example)), ...Object.fromEntries(members) };
    if (name === '')
      for (const key of Object.keys(whole)) if (isFixedId(key, whole[key]) && !required.has(key)) delete whole[key];
    return whole;
  }

  #list(own: Schema, name: string, depth: number): Json {
    const count = Number(own['minItems'] ?? 0);
    if (count > 1 && own['uniqueItems'] === true)
      throw new Error(`Encore cannot make up the ${count} different items of ${name}; add an example`);
    return Array.from({ length: count }, () => this.valueOf(objectOf(own['items']), `${name}[]`, depth + 1));
  }

  /** Named after the field; with a number if another field of this name has other values. */
  #draw(field: string, value: DrawnValue): string {
    const base = `new_${(wordsOf(field.split('.').at(-1) ?? '') ?? ['value']).join('_')}`;
    let name = base;
    const isTaken = () => name === 'new_id' || !isDeepStrictEqual(this.drawn.get(name) ?? value, value);
    for (let number = 2; isTaken(); number += 1) name = `${base}_${number}`;
    this.drawn.set(name, value);
    return `{{ ${name} }}`;
  }
}

/** The simplest value of a schema that gives none. */
export function simpleValue(own: Schema, name: string): Json {
  switch (typeOf(own)) {
    case 'boolean':
      return true;
    case 'integer':
    case 'number':
      return simpleNumber(own, name);
    case 'null':
      return null;
    default:
      return simpleText(own, name);
  }
}

function simpleNumber(own: Schema, name: string): number {
  const { least, most, step } = boundsOf(own);
  let value = Math.ceil((least ?? 1) / step) * step;
  if (least === undefined && most !== undefined && most < value) value = Math.floor(most / step) * step;
  if (most !== undefined && value > most)
    throw new Error(`Encore cannot make up a value of ${name} within its bounds; add an example`);
  return value;
}

function simpleText(own: Schema, name: string): string {
  const { pattern } = own;
  if (own['format'] === 'binary') throw new Error(`${name} is binary, which only a workload in TypeScript can send`);
  const { min, max } = lengthsOf(own);
  const fits = (text: string) => text.length >= min && text.length <= max;
  if (typeof pattern === 'string') {
    const found = candidates.find((text) => fits(text) && matches(text, pattern));
    if (found === undefined)
      throw new Error(`Encore cannot make up a value of ${name} that matches the pattern ${pattern}; add an example`);
    return found;
  }
  return formatSample(own) ?? 'text'.padEnd(min, 'x').slice(0, max);
}

/** An example that contradicts its own schema is a mistake of the document. */
function fitting(given: Json | undefined, own: Schema): Json | undefined {
  if (typeof given !== 'string' || typeOf(own) !== 'string') return given;
  const { format, pattern } = own;
  if (typeof pattern === 'string' && !matches(given, pattern)) return undefined;
  return format === 'uuid' && !uuid.test(given) ? undefined : given;
}

/** The same id in each body: a server that accepts it would overwrite one object with the next. */
function isFixedId(key: string, value: Json | undefined): boolean {
  return /^(_?id|uu?id)$/.test(key) && !(typeof value === 'string' && value.includes('{{'));
}

function isObject(value: Json): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
