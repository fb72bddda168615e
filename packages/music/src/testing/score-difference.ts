/**
 * Compares measures, parts, signatures and notes of two scores. Returns the first difference, or
 * null.
 */
import { differenceOfNotes } from '../model/note-columns.ts';
import type { Score } from '../model/score.ts';

export function differenceOfScores(a: Score, b: Score): string | null {
  for (const field of ['title', 'composer', 'ticksPerQuarter', 'measures', 'tempos', 'parts'] as const) {
    const difference = differenceOf(a[field], b[field], field);
    if (difference !== null) return difference;
  }
  return differenceOfNotes(a.notes, b.notes);
}

function differenceOf(a: unknown, b: unknown, path: string): string | null {
  if (isObject(a) && isObject(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const difference = differenceOf(a[key], b[key], `${path}.${key}`);
      if (difference !== null) return difference;
    }
    return null;
  }
  return Object.is(a, b) ? null : `${path}: ${String(a)} instead of ${String(b)}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
