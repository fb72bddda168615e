/**
 * The state of the MusicXML reader, and the element grammar as a tree of nodes. An element that is
 * not in the tree is skipped with its content, so layout and lyrics cost nothing, and each element
 * is read only in its context (the `duration` of a note is not that of a figured bass).
 */

import { type NoteRow, PITCHED } from '../../model/note-columns.ts';
import type { Clef, KeySignature, TimeSignature, Transposition } from '../../model/score.ts';
import type { Cell, PartDraft, ScoreBuilder } from '../../model/score-builder.ts';
import { malformed } from '../../model/score-limits.ts';
import { plainText } from '../plain-text.ts';

export type XmlAttributes = Readonly<Record<string, string>>;

export interface ElementNode {
  /** The elements to read inside this one. */
  children?: ReadonlyMap<string, ElementNode>;
  /** Whether `close` needs the text. */
  text?: boolean;
  open?(state: MusicxmlState, attributes: XmlAttributes): void;
  close?(state: MusicxmlState, text: string): void;
}

export function element(
  children: Record<string, ElementNode>,
  on: Pick<ElementNode, 'open' | 'close'> = {},
): ElementNode {
  return { children: new Map(Object.entries(children)), ...on };
}

/** An element without children of interest, whose text is read. */
export function leaf(close: (state: MusicxmlState, text: string) => void): ElementNode {
  return { text: true, close };
}

/** An element of which only the presence or the attributes matter. */
export function mark(open: (state: MusicxmlState, attributes: XmlAttributes) => void): ElementNode {
  return { open };
}

/** Details of a note that the score does not keep. */
interface WrittenNote {
  chord: boolean;
  cue: boolean;
  /** Silent; `restElement`: because it contains a rest element. */
  rest: boolean;
  restElement: boolean;
  instrument: string;
  /** The notation, which determines the duration if none is written. */
  type: string;
  dots: number;
  actualNotes: number;
  normalNotes: number;
  /** The drawn ties, which count for a note without a played one. */
  tied: number;
}

/** An ending whose bracket is not closed yet. */
interface OpenEnding {
  from: number;
  numbers: readonly number[];
}

/** What a direction contains. */
interface Direction {
  /** Quarter notes per minute of its metronome mark; 0 for none. */
  mark: number;
  /** In the unit of the file: where it is drawn, and where it is played. */
  offset: number;
  playedOffset: number;
  isOffsetPlayed: boolean;
  words: string;
  signs: ('segno' | 'coda')[];
  /** Whether its `sound` element has segno, coda, fine or a jump. */
  hasMarks: boolean;
}

export function createDirection(): Direction {
  return { mark: 0, offset: 0, playedOffset: 0, isOffsetPlayed: false, words: '', signs: [], hasMarks: false };
}

export interface MusicxmlState {
  readonly builder: ScoreBuilder;
  measureIndex: number;
  label: string;
  implicit: boolean;
  partsInMeasure: number;
  part: PartDraft | undefined;
  cell: Cell | undefined;
  note: NoteRow & WrittenNote;
  /** Duration of the last note, in the unit of its cell. */
  chordDuration: number;
  /** Grace notes since the last ordinary note. */
  graceNotes: number;
  moveBy: number;
  key: KeySignature;
  keyStep: number;
  /** False if the current key or time signature has an invalid value. */
  usable: boolean;
  time: TimeSignature;
  beats: string;
  clef: Clef;
  transposition: Transposition;
  voices: Map<string, number>;
  /** General MIDI percussion key of each instrument id. */
  percussion: Map<string, number>;
  instrument: string;
  creatorType: string;
  /** The location of the current barline. */
  barline: string;
  endings: Map<PartDraft, OpenEnding>;
  metronome: { beats: { quarters: number; dots: number }[]; units: number; perMinute: string };
  direction: Direction;
  /** `offset` is null if the element has none. */
  sound: { tempo: number; offset: number | null };
  /** Measures with a coda sign without words or sound. */
  drawnCodas: Set<number>;
}

export function createState(builder: ScoreBuilder): MusicxmlState {
  return {
    builder,
    measureIndex: -1,
    label: '',
    implicit: false,
    partsInMeasure: 0,
    part: undefined,
    cell: undefined,
    note: {
      onset: 0,
      duration: 0,
      step: 0,
      alterCents: 0,
      octave: 0,
      midi: 0,
      fifths: 0,
      kind: PITCHED,
      voice: 1,
      staff: 1,
      tie: 0,
      grace: 0,
      chord: false,
      cue: false,
      rest: false,
      restElement: false,
      instrument: '',
      type: '',
      dots: 0,
      actualNotes: 1,
      normalNotes: 1,
      tied: 0,
    },
    chordDuration: 0,
    graceNotes: 0,
    moveBy: 0,
    key: { tick: 0, staff: 0, fifths: null, mode: null, alterations: [] },
    keyStep: 0,
    usable: true,
    time: { tick: 0, staff: 0, groups: [] },
    beats: '',
    clef: { tick: 0, staff: 0, sign: 'G', line: null, octaveChange: 0 },
    transposition: { tick: 0, staff: 0, diatonic: 0, chromatic: 0, octaveChange: 0 },
    voices: new Map(),
    percussion: new Map(),
    instrument: '',
    creatorType: '',
    barline: '',
    endings: new Map(),
    metronome: { beats: [], units: 0, perMinute: '' },
    direction: createDirection(),
    sound: { tempo: 0, offset: null },
    drawnCodas: new Set(),
  };
}

/** The cell that receives the music. Throws MALFORMED_SCORE outside a measure. */
export function cellOf(state: MusicxmlState): Cell {
  if (!state.cell) throw malformed('the file has music outside a measure');
  return state.cell;
}

export function partOf(state: MusicxmlState): PartDraft {
  if (!state.part) throw malformed('the file has a measure outside a part');
  return state.part;
}

/** Any number of digits, because programs write all that their arithmetic produces. */
const decimalPattern = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)\s*$/;

export function decimal(text: string, name: string, min: number, max: number): number {
  const value = numberIn(text);
  if (!(value >= min && value <= max)) throw malformed(`${name} ${mustBe(text, range('a number', min, max))}`);
  return value;
}

export function integer(text: string, name: string, min: number, max: number): number {
  const value = decimal(text, name, min, max);
  if (!Number.isInteger(value)) throw malformed(`${name} ${mustBe(text, range('a whole number', min, max))}`);
  return value;
}

/**
 * A whole number that the notes do not depend on, so that an invalid one is ignored with a warning.
 */
export function hint(state: MusicxmlState, text: string, name: string, min: number, max: number): number | null {
  const value = numberIn(text);
  if (value >= min && value <= max && Number.isInteger(value)) return value;
  ignore(state, text, name, range('a whole number', min, max));
  return null;
}

/** The same for a decimal number. */
export function decimalHint(state: MusicxmlState, text: string, name: string, min: number, max: number): number | null {
  const value = numberIn(text);
  if (value >= min && value <= max) return value;
  ignore(state, text, name, range('a number', min, max));
  return null;
}

/** Only warns; the caller leaves the value out. */
export function ignore(state: MusicxmlState, text: string, name: string, expected: string): void {
  warn(state, `${name} is ignored: it ${mustBe(text, expected)}`);
}

/** Adds a warning with the current part and measure, which is counted if it has no number. */
export function warn({ builder, part, cell, label, measureIndex }: MusicxmlState, message: string): void {
  const measure = cell ? `, measure ${label || measureIndex + 1}` : '';
  builder.warn(`part "${plainText(part?.id ?? '').slice(0, 40)}"${measure}: ${message}`);
}

function mustBe(text: string, expected: string): string {
  return `must be ${expected}, not "${plainText(text).slice(0, 40)}"`;
}

function range(kind: string, min: number, max: number): string {
  return `${kind} from ${min} to ${max}`;
}

/** Returns NaN for text that is not a number. */
function numberIn(text: string): number {
  return smallNumber(text) ?? (decimalPattern.test(text) ? Number(text) : Number.NaN);
}

/** A fast path for up to four digits, without a pattern. */
function smallNumber(text: string): number | undefined {
  if (text.length === 0 || text.length > 4) return undefined;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

/**
 * The `number` attribute of a key, time, clef or transpose element is a staff; 0 means all staves.
 */
export function staffOf(state: MusicxmlState, attributes: XmlAttributes): number {
  const number = attributes['number'];
  return number === undefined ? 0 : (hint(state, number, 'the number of a staff', 1, 255) ?? 0);
}
