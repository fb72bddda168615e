/**
 * The notes of a score as columns of numbers: 34 bytes per note instead of a few hundred for an
 * object, and cheap to send to another process. Rows are sorted by part, measure, onset and voice,
 * then grace notes before their main note, then staff and pitch, lowest first.
 */

export const PITCHED = 0;
export const UNPITCHED = 1;
export const TIE_START = 1;
export const TIE_STOP = 2;

export interface NoteColumns {
  count: number;
  /** Index into `score.measures`. */
  measure: Uint32Array;
  /** In ticks from the start of the score. */
  onset: Float64Array;
  /** In ticks; 0 for a grace note. */
  duration: Float64Array;
  /** Written pitch: step 0 is C and 6 is B; a sharp is 100 cents; octave 4 begins at middle C. */
  step: Int8Array;
  alterCents: Int16Array;
  octave: Int8Array;
  /**
   * Sounding pitch: nearest MIDI note number, and position on the line of fifths (C is 0, G is 1, F
   * is -1).
   */
  midi: Int16Array;
  fifths: Int8Array;
  /**
   * PITCHED or UNPITCHED. An unpitched note's `midi` is its General MIDI percussion key, or 0 if
   * unknown.
   */
  kind: Uint8Array;
  voice: Uint16Array;
  staff: Uint8Array;
  /** TIE_START and TIE_STOP, added up. */
  tie: Uint8Array;
  /**
   * 0 for an ordinary note, else the position in the group of grace notes, from 1; the same for all
   * notes of a chord.
   */
  grace: Uint16Array;
}

/**
 * One note, as readers write it. Ticks are in the unit of the reader until the score is finished.
 */
export interface NoteRow {
  onset: number;
  duration: number;
  step: number;
  alterCents: number;
  octave: number;
  midi: number;
  fifths: number;
  kind: number;
  voice: number;
  staff: number;
  tie: number;
  grace: number;
}

export function createNoteColumns(capacity: number): NoteColumns {
  return {
    count: 0,
    measure: new Uint32Array(capacity),
    onset: new Float64Array(capacity),
    duration: new Float64Array(capacity),
    step: new Int8Array(capacity),
    alterCents: new Int16Array(capacity),
    octave: new Int8Array(capacity),
    midi: new Int16Array(capacity),
    fifths: new Int8Array(capacity),
    kind: new Uint8Array(capacity),
    voice: new Uint16Array(capacity),
    staff: new Uint8Array(capacity),
    tie: new Uint8Array(capacity),
    grace: new Uint16Array(capacity),
  };
}

const columnNames = [
  'measure',
  'onset',
  'duration',
  'step',
  'alterCents',
  'octave',
  'midi',
  'fifths',
  'kind',
  'voice',
  'staff',
  'tie',
  'grace',
] as const satisfies readonly Exclude<keyof NoteColumns, 'count'>[];

/** A copy with capacity for `capacity` notes. */
export function resizeNoteColumns(columns: NoteColumns, capacity: number): NoteColumns {
  const resized = createNoteColumns(capacity);
  resized.count = Math.min(columns.count, capacity);
  for (const name of columnNames) resized[name].set(columns[name].subarray(0, resized.count));
  return resized;
}

/**
 * A copy with its own memory. The columns of a score from another process are views on the whole
 * message.
 */
export function copyNoteColumns(columns: NoteColumns): NoteColumns {
  return resizeNoteColumns(columns, columns.count);
}

/** A copy whose row i is the row `order[i]` of `columns`. */
export function reorderNoteColumns(columns: NoteColumns, order: Uint32Array): NoteColumns {
  const reordered = createNoteColumns(order.length);
  reordered.count = order.length;
  for (const name of columnNames) {
    const from = columns[name];
    const to = reordered[name];
    for (let row = 0; row < order.length; row++) to[row] = from[order[row] ?? 0] ?? 0;
  }
  return reordered;
}

/** Describes the first difference between two sets of rows, or returns null. */
export function differenceOfNotes(a: NoteColumns, b: NoteColumns): string | null {
  if (a.count !== b.count) return `${a.count} notes instead of ${b.count}`;
  for (const name of columnNames) {
    const left = a[name];
    const right = b[name];
    for (let row = 0; row < a.count; row++) {
      if (left[row] !== right[row]) return `note ${row}: ${name} ${left[row]} instead of ${right[row]}`;
    }
  }
  return null;
}
