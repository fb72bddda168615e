/**
 * Converts the melodic lines of a piece to sequences of numbers in which equivalent passages are
 * equal: pitches for exact repeats, intervals for transpositions, negated intervals for inversions,
 * reversed ones for retrogrades, durations for rhythms.
 */
import type { PatternKind } from '@encore/contracts';
import type { Score } from '../model/score.ts';
import type { SoundingNote } from '../model/sounding-notes.ts';
import { melodicLinesOf } from './melodic-lines.ts';

export interface PatternSequence {
  symbols: Int32Array;
  /**
   * For each symbol, the index of its first note in `notes`; -1 for the separator between two
   * lines.
   */
  noteAt: Int32Array;
  notes: SoundingNote[];
  /** Index of the first transformed symbol; the length if there is none. */
  half: number;
  /** Whether the transformed half is reversed. */
  backwards: boolean;
  /** For each symbol, the end of its run of equal symbols. */
  sameUntil: Int32Array;
  /** A pattern of n symbols has n + extraNotes notes. */
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
  /** Each separator is a unique value, so no repeat can span it. */
  #separator = -1;

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
      this.#symbols.push(this.#separator--);
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

  /** Numbers the values, because durations in ticks may exceed 32 bits. */
  #symbolOf(value: number): number {
    const known = this.#rank.get(value);
    if (known !== undefined) return known;
    const symbol = this.#rank.size;
    this.#rank.set(value, symbol);
    return symbol;
  }
}
