/**
 * The score model: what a piece of music is once it is read, whatever the file format was.
 *
 * Time is counted in whole ticks, `ticksPerQuarter` of them to a quarter note. The resolution is the least common multiple
 * of every division that the file used, so each duration is an exact rational number and nothing is ever rounded.
 * Notes are kept as columns (note-columns.ts); rests are the gaps between the notes of a voice.
 * The whole score is plain data: it can be cloned to another thread or process without being rebuilt.
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
   * What the reader ignored or guessed, one sentence each, at most `maxWarnings` and a count of the
   * rest.
   */
  warnings: string[];
}

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
  /** How often the section that ends here is played; 0 where none ends. */
  repeatTimes: number;
  /** The passes in which this measure is played; empty means each. */
  endings: readonly number[];
}

export interface Part {
  id: string;
  name: string;
  /** General MIDI program and channel, counted from 0; null when the file does not say. */
  program: number | null;
  channel: number | null;
  staves: number;
  /** This part's notes are the rows from (included) to (excluded). */
  from: number;
  to: number;
  keys: KeySignature[];
  times: TimeSignature[];
  clefs: Clef[];
  transposes: Transposition[];
}

/** Something that holds from `tick` on; staff 0 means each staff of the part. */
interface Change {
  tick: number;
  staff: number;
}

export interface KeySignature extends Change {
  /** Sharps (positive) or flats (negative), as written; null for a signature that is not made of fifths. */
  fifths: number | null;
  mode: string | null;
  /** The altered steps of a signature that is not made of fifths. */
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

/** From written to sounding pitch. */
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
 * The time or key signatures that hold for the piece: those of the first part that has any so far.
 * An earlier part may have none, as percussion has no key.
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

/** The index of the measure in which a tick lies; the last one from its start on. */
export function measureAt({ measures }: Score, tick: number): number {
  let [low, high] = [0, measures.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((measures[middle]?.start ?? 0) <= tick) low = middle;
    else high = middle - 1;
  }
  return low;
}
