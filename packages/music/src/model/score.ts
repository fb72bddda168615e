/**
 * The score model, independent of the file format.
 *
 * Time is in whole ticks, `ticksPerQuarter` per quarter note. The resolution is the least common
 * multiple of all divisions in the file, so durations are exact. Notes are stored as columns
 * (note-columns.ts); rests are the gaps between the notes of a voice. The score is plain data,
 * which can be sent to another process as it is.
 */
import type { NoteColumns } from './note-columns.ts';

export interface Score {
  title: string;
  composer: string;
  ticksPerQuarter: number;
  measures: Measure[];
  parts: Part[];
  tempos: Tempo[];
  notes: NoteColumns;
  /**
   * What the reader ignored or guessed, one sentence each: at most `maxWarnings`, and a count of
   * the rest.
   */
  warnings: string[];
}

/** Signs at the beginning of a measure (segno and coda), and instructions at its end. */
export const jumpMarks = ['segno', 'coda', 'fine', 'to coda', 'da capo', 'dal segno'] as const;

export type JumpMark = (typeof jumpMarks)[number];

export interface Measure {
  /** As printed; not always a number ("12a", "X1"). */
  label: string;
  /** Not counted by the printed numbering, for example a pickup. */
  implicit: boolean;
  start: number;
  length: number;
  /** An incomplete first measure. */
  pickup: boolean;
  /** A repeated section begins here. */
  repeatStart: boolean;
  /** How often the section that ends here is played; 0 if none ends here. */
  repeatTimes: number;
  /** The passes in which this measure is played; empty means all. */
  endings: readonly number[];
  /** In the order of `jumpMarks`. */
  marks: readonly JumpMark[];
}

export interface Part {
  id: string;
  name: string;
  /** General MIDI program and channel, counted from 0; null if the file has none. */
  program: number | null;
  channel: number | null;
  staves: number;
  /** The rows of this part's notes: `from` inclusive, `to` exclusive. */
  from: number;
  to: number;
  keys: KeySignature[];
  times: TimeSignature[];
  clefs: Clef[];
  transposes: Transposition[];
}

/** Something that applies from `tick` on; staff 0 means all staves of the part. */
interface Change {
  tick: number;
  staff: number;
}

export interface KeySignature extends Change {
  /** Sharps (positive) or flats (negative), as written; null for a nonstandard signature. */
  fifths: number | null;
  mode: string | null;
  /** The altered steps of a nonstandard signature. */
  alterations: { step: number; alterCents: number }[];
}

export interface TimeSignature extends Change {
  /** Usually one; "3/8 + 2/4" has two; senza misura has none. `beats` may be a sum: "3+2". */
  groups: { beats: string; beatType: number }[];
}

export interface Clef extends Change {
  sign: string;
  line: number | null;
  octaveChange: number;
}

/** Sounding pitch minus written pitch. */
export interface Transposition extends Change {
  diatonic: number;
  chromatic: number;
  octaveChange: number;
}

export interface Tempo {
  tick: number;
  quartersPerMinute: number;
}

/**
 * The time or key signatures of the piece: at each tick, those of the first part that has had any.
 * An earlier part may have none; percussion, for example, has no key.
 */
export function signaturesOf<Kind extends 'times' | 'keys'>({ parts }: Score, kind: Kind): Part[Kind] {
  const all = parts.flatMap((part, index) => part[kind].map((signature) => ({ index, signature })));
  all.sort((a, b) => a.signature.tick - b.signature.tick || a.index - b.index);
  let leader = Number.POSITIVE_INFINITY;
  const leading = all.filter(({ index }) => {
    leader = Math.min(leader, index);
    return index === leader;
  });
  return leading.map(({ signature }) => signature) as Part[Kind];
}

/**
 * The index of the measure that contains a tick; ticks after the end belong to the last measure.
 */
export function measureAt({ measures }: Score, tick: number): number {
  let [low, high] = [0, measures.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((measures[middle]?.start ?? 0) <= tick) low = middle;
    else high = middle - 1;
  }
  return low;
}
