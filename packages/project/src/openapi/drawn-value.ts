/**
 * Makes fields differ from object to object, so that a read-back distinguishes objects: values that
 * a run draws for each operation with its seed. What may refer to something else keeps its sample:
 * ids, dates, defaults, and texts whose example shows a form.
 */
import { wordsOf } from '../init/workload-names.ts';
import { listOf, type Schema } from './api-document.ts';
import { boundsOf, escaped, formatSample, lengthsOf, matches, typeOf } from './schema-shape.ts';

/** As under `values` in a YAML workload. */
export type DrawnValue = { integer: [number, number] } | { pick: (string | number | boolean)[] };

/** The template, such as `{{ new_price }}`, of a value with this definition. */
type Draw = (value: DrawnValue) => string;

/** An id that the workload takes from Encore. */
export const newId = '{{ new_id }}';
/** No such id is longer. */
export const maxIdLength = 100;

/** Names of fields that refer to something that must exist. */
const references = ['id', 'ids', 'uuid', 'ref'];
/** Names of fields whose text is free, even if the example is a single word. */
const freeTexts = ['name', 'title', 'description', 'comment', 'note', 'label', 'summary', 'subject', 'message'];
/** How many numbers are drawn if the schema allows more. */
const spread = 1_000;
/** A text of a drawn number between these, after other characters. */
const textDigits = 6;
const textLength = 8;
/** The last group of a UUID. */
const uuidEnd: [number, number] = [100_000_000_000, 999_999_999_999];

/** Undefined if the field must keep its sample. */
export function drawnValue(own: Schema, name: string, draw: Draw): string | undefined {
  if (own['default'] !== undefined || own['const'] !== undefined) return undefined;
  const several = listOf(own['enum']).filter((one) => typeof one !== 'object');
  if (several.length > 0) return several.length < 2 ? undefined : draw({ pick: several });
  switch (typeOf(own)) {
    case 'boolean':
      return draw({ pick: [true, false] });
    case 'integer':
    case 'number':
      return isReference(name) ? undefined : drawnNumber(own, draw);
    case 'string':
      return drawnText(own, name, draw);
    default:
      return undefined;
  }
}

function drawnNumber(own: Schema, draw: Draw): string | undefined {
  const { least, most, step } = boundsOf(own);
  // An example without bounds may be the only kind of number that makes sense, such as a year.
  const isShown = own['example'] !== undefined || listOf(own['examples']).length > 0;
  if (step !== 1 || (isShown && (least === undefined || most === undefined))) return undefined;
  const low = Math.ceil(least ?? (most !== undefined && most < 2 ? most - spread + 1 : 1));
  const high = Math.floor(Math.min(most ?? Number.POSITIVE_INFINITY, low + spread - 1));
  return low < high ? draw({ integer: [low, high] }) : undefined;
}

function drawnText(own: Schema, name: string, draw: Draw): string | undefined {
  const { min, max } = lengthsOf(own);
  const { format, pattern, example = listOf(own['examples'])[0] } = own;
  if (typeof example === 'string') {
    const isFree = /\s/.test(example) || freeTexts.includes(lastWord(name));
    const isPlain = format === undefined && pattern === undefined && isFree;
    const fits = example.length + 1 + textDigits <= max;
    return isPlain && fits ? `${escaped(example)} ${draw({ integer: numberOf(textDigits) })}` : undefined;
  }
  const hasRoom = max >= maxIdLength + 20;
  if (format === 'email') return hasRoom ? `${newId}@example.com` : undefined;
  if (format === 'uri' || format === 'url') return hasRoom ? `https://example.com/${newId}` : undefined;
  if (format === 'uuid') return isReference(name) ? undefined : `00000000-0000-4000-8000-${draw({ integer: uuidEnd })}`;
  if (format === 'binary' || formatSample(own) !== undefined) return undefined;
  if (pattern === undefined && max >= maxIdLength && min <= 1) return newId;
  const length = Math.min(max, Math.max(min, textLength));
  const digits = Math.min(textDigits, length - 1);
  if (digits < 1) return undefined;
  const start = 'x'.repeat(length - digits);
  const range = numberOf(digits);
  if (typeof pattern === 'string' && !range.every((number) => matches(`${start}${number}`, pattern))) return undefined;
  return `${start}${draw({ integer: range })}`;
}

/** The smallest and the largest number with this many digits. */
function numberOf(digits: number): [number, number] {
  return [10 ** (digits - 1), 10 ** digits - 1];
}

function isReference(name: string): boolean {
  return references.includes(lastWord(name));
}

function lastWord(name: string): string {
  return wordsOf(name)?.at(-1) ?? '';
}
