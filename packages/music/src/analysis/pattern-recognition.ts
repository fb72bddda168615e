/**
 * Finds recurring patterns: exact, transposed, inverted, retrograde, or rhythmic. A suffix array
 * finds every maximal repeat in O(n log n); those that cover the most notes are reported.
 */
import type { Pattern, PatternKind, PatternOccurrence } from '@encore/contracts';
import { nameOfPitch } from '../model/pitch.ts';
import type { Score } from '../model/score.ts';
import { type PatternSequence, patternSequence } from './pattern-sequences.ts';
import { placeOf, quarters } from './place.ts';
import { type Repeat, repeatsOf, type SuffixArray, suffixArray } from './suffix-array.ts';

/** Limit on the positions of all candidates together, which keeps the work within O(n log n). */
const maxPositions = 2_000_000;
const maxPatterns = 500;
const maxOccurrences = 50;
const maxShape = 64;

interface Found {
  /** In symbols. */
  length: number;
  /** Symbols at which it starts, in order, without overlaps. */
  starts: number[];
}

export function findPatterns(score: Score, kinds: readonly PatternKind[], minLength: number): Pattern[] {
  const patterns = kinds.flatMap((kind) => {
    const sequence = patternSequence(score, kind);
    const found = searchRepeats(sequence, kind, minLength - sequence.extraNotes);
    return found.map((one) => describe(score, sequence, kind, one));
  });
  const worth = ({ length, count }: Pattern) => length * (count - 1);
  return patterns.sort((a, b) => worth(b) - worth(a));
}

function searchRepeats(sequence: PatternSequence, kind: PatternKind, minSymbols: number): Found[] {
  const array = suffixArray(sequence.symbols);
  const changes = changesBefore(sequence.symbols, array);
  // A repeat that always follows the same symbol is part of a longer one.
  const candidates = [...repeatsOf(array, minSymbols)].filter(({ from, to }) => changes[to] !== changes[from]);
  const worth = ({ length, from, to }: Repeat) => length * (to - from);
  candidates.sort((a, b) => worth(b) - worth(a));
  const found: Found[] = [];
  let positions = 0;
  for (const candidate of candidates) {
    positions += candidate.to - candidate.from + 1;
    if (positions > maxPositions || found.length >= maxPatterns) break;
    const starts = [...array.starts.subarray(candidate.from, candidate.to + 1)].sort((a, b) => a - b);
    const kept = validStarts(sequence, kind, candidate.length, starts);
    if (kept.length >= 2) found.push({ length: candidate.length, starts: kept });
  }
  return found;
}

/**
 * For each index of the array, how many pairs of neighbouring suffixes up to it have different
 * symbols in front of them.
 */
function changesBefore(symbols: Int32Array, { starts }: SuffixArray): Int32Array {
  const changes = new Int32Array(starts.length);
  for (let i = 1; i < starts.length; i++) {
    const [a, b] = [starts[i - 1] ?? 0, starts[i] ?? 0];
    const same = a > 0 && b > 0 && symbols[a - 1] === symbols[b - 1];
    changes[i] = (changes[i - 1] ?? 0) + (same ? 0 : 1);
  }
  return changes;
}

/** The starts that do not overlap and that match the kind; fewer than two are not a pattern. */
function validStarts(
  sequence: PatternSequence,
  kind: PatternKind,
  length: number,
  starts: readonly number[],
): number[] {
  const { half, sameUntil } = sequence;
  const first = starts[0] ?? 0;
  // A repeated single note is not a melody, and equal durations are not a rhythm.
  if ((sameUntil[first] ?? 0) >= first + length) return [];
  const originals = withoutOverlaps(
    starts.filter((start) => start < half),
    length,
  );
  if (kind === 'repeated' || kind === 'rhythmic') return originals;
  if (kind === 'transposed') {
    const pitches = new Set(originals.map((start) => sequence.notes[sequence.noteAt[start] ?? 0]?.midi));
    return pitches.size > 1 ? originals : [];
  }
  const taken = originals.map((start) => firstNote(sequence, start, length));
  const transformed = starts.filter(
    (start) => start >= half && isFree(taken, firstNote(sequence, start, length), length),
  );
  if (originals.length === 0 || transformed.length === 0) return [];
  return [...originals, ...withoutOverlaps(transformed, length)];
}

/** `starts` must be in order. The last note of an interval pattern may be the first of the next. */
function withoutOverlaps(starts: readonly number[], length: number): number[] {
  let end = 0;
  return starts.filter((start) => {
    if (start < end) return false;
    end = start + length;
    return true;
  });
}

/**
 * Whether `length` notes from `note` on overlap none of the ranges that start at `taken`, which is
 * in order.
 */
function isFree(taken: readonly number[], note: number, length: number): boolean {
  let [low, high] = [0, taken.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((taken[middle] ?? 0) <= note - length) low = middle + 1;
    else high = middle;
  }
  const next = taken[low];
  return next === undefined || next >= note + length;
}

/** The note that sounds first; a pattern that is read backwards starts with the last one. */
function firstNote({ noteAt, half, backwards }: PatternSequence, start: number, length: number): number {
  return (noteAt[start] ?? 0) - (backwards && start >= half ? length : 0);
}

function describe(score: Score, sequence: PatternSequence, kind: PatternKind, { length, starts }: Found): Pattern {
  const noteCount = length + sequence.extraNotes;
  const begin = sequence.noteAt[starts[0] ?? 0] ?? 0;
  const shown = sequence.notes.slice(begin, begin + Math.min(noteCount, maxShape));
  const lengthAt = (i: number) => {
    const [note, next] = [sequence.notes[begin + i], sequence.notes[begin + i + 1]];
    const sameLine = note && next && note.part === next.part && note.voice === next.voice;
    return note ? quarters(score, (sameLine ? next.onset : note.end) - note.onset) : '0';
  };
  return {
    kind,
    length: noteCount,
    count: starts.length,
    shape: shown.map(({ fifths, midi }, i) => (kind === 'rhythmic' ? lengthAt(i) : nameOfPitch(fifths, midi))),
    occurrences: starts.slice(0, maxOccurrences).map((start) => occurrence(score, sequence, kind, start, length)),
  };
}

function occurrence(
  score: Score,
  sequence: PatternSequence,
  kind: PatternKind,
  start: number,
  length: number,
): PatternOccurrence {
  const transformed = start >= sequence.half;
  const form = !transformed ? 'original' : kind === 'inverted' ? 'inverted' : 'retrograde';
  const note = sequence.notes[firstNote(sequence, start, length)];
  if (!note) throw new RangeError('a pattern must start with a note');
  return {
    ...placeOf(score, note.onset),
    part: score.parts[note.part]?.id ?? '',
    voice: note.voice,
    form,
    pitch: kind === 'rhythmic' ? null : nameOfPitch(note.fifths, note.midi),
  };
}
