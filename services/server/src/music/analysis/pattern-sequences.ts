/**
 * The melodic lines of a piece as sequences of numbers, in which what is alike to the ear is equal: pitches for literal repeats, intervals for
 * transpositions, intervals turned over for inversions and read backwards for retrogrades, lengths for rhythms.
 */
import type { PatternKind } from '@encore/contracts';
import type { Score } from '../score.ts';
import type { SoundingNote } from '../sounding-notes.ts';
import { melodicLinesOf } from './melodic-lines.ts';

export interface PatternSequence {
  symbols: Int32Array;
  /** For each symbol the note that it begins with, as an index into `notes`; -1 for the mark between two lines. */
  noteAt: Int32Array;
  notes: SoundingNote[];
  /** Symbols from here on are the transformed half; the length where there is none. */
  half: number;
  /** The transformed half is read from its end. */
  backwards: boolean;
  /** For each symbol where the stretch of equal symbols that it is in ends. */
  sameUntil: Int32Array;
  /** A pattern of n symbols has this many notes more. */
  extraNotes: 0 | 1;
}

export function patternSequence(score: Score, kind: PatternKind): PatternSequence {
  const lines = melodicLinesOf(score).map(({ notes }) => notes);
  const writer = new SequenceWriter(lines.flat());
  const steps = (notes: readonly SoundingNote[]) => notes.slice(1).map(({ midi }, i) => midi - (notes[i]?.midi ?? 0));
  const values: Record<PatternKind, (notes: readonly SoundingNote[]) => number[]> = {
    repeated: (notes) => notes.map(({ midi }) => midi),
    rhythmic: (notes) => notes.map(({ onset, end }, i) => (notes[i + 1]?.onset ?? end) - onset),
    transposed: steps,
    inverted: steps,
    retrograde: steps,
  };
  writer.addLines(lines, values[kind], false);
  const half = writer.length;
  if (kind === 'inverted') writer.addLines(lines, (notes) => steps(notes).map((step) => -step), false);
  if (kind === 'retrograde') writer.addLines(lines, (notes) => steps(notes).map((step) => -step), true);
  return writer.finish(half, kind);
}

class SequenceWriter {
  readonly #symbols: number[] = [];
  readonly #noteAt: number[] = [];
  readonly #notes: SoundingNote[];
  readonly #rank = new Map<number, number>();
  /** Each mark is a value of its own, so nothing that crosses it can repeat. */
  #mark = -1;

  constructor(notes: SoundingNote[]) {
    this.#notes = notes;
  }

  get length(): number {
    return this.#symbols.length;
  }

  addLines(
    lines: readonly SoundingNote[][],
    valuesOf: (notes: readonly SoundingNote[]) => number[],
    backwards: boolean,
  ): void {
    let first = 0;
    for (const notes of lines) {
      const values = valuesOf(notes);
      for (let i = 0; i < values.length; i++) {
        const value = (backwards ? values[values.length - 1 - i] : values[i]) ?? 0;
        this.#symbols.push(this.#symbolOf(value));
        this.#noteAt.push(backwards ? first + notes.length - 1 - i : first + i);
      }
      this.#symbols.push(this.#mark--);
      this.#noteAt.push(-1);
      first += notes.length;
    }
  }

  finish(half: number, kind: PatternKind): PatternSequence {
    const symbols = Int32Array.from(this.#symbols);
    const sameUntil = new Int32Array(symbols.length);
    for (let i = symbols.length - 1; i >= 0; i--) {
      sameUntil[i] = symbols[i] === symbols[i + 1] ? (sameUntil[i + 1] ?? 0) : i + 1;
    }
    return {
      symbols,
      noteAt: Int32Array.from(this.#noteAt),
      notes: this.#notes,
      half,
      backwards: kind === 'retrograde',
      sameUntil,
      extraNotes: kind === 'repeated' || kind === 'rhythmic' ? 0 : 1,
    };
  }

  /** Lengths in ticks may be larger than 32 bits hold, so values are numbered. */
  #symbolOf(value: number): number {
    const known = this.#rank.get(value);
    if (known !== undefined) return known;
    const symbol = this.#rank.size;
    this.#rank.set(value, symbol);
    return symbol;
  }
}
