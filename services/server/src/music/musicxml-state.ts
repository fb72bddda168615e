/**
 * What the MusicXML reader knows while it reads, and how the grammar of the elements is written down: a tree of nodes. An element that is
 * not in the tree is skipped with all that is in it, so neither layout nor lyrics cost anything, and an element is only ever
 * seen in the right context (`duration` of a note is not the `duration` of a figured bass).
 */
import type { OpenEnding } from './musicxml-barlines.ts';
import { type NoteRow, PITCHED } from './note-columns.ts';
import { plainText } from './plain-text.ts';
import type { Clef, KeySignature, TimeSignature, Transposition } from './score.ts';
import type { Cell, PartDraft, ScoreBuilder } from './score-builder.ts';
import { malformed } from './score-limits.ts';

export type XmlAttributes = Readonly<Record<string, string>>;

export interface ElementNode {
  /** Elements that matter inside this one. */
  children?: ReadonlyMap<string, ElementNode>;
  /** Whether `close` wants the text. */
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

/** An element whose presence or attributes say everything. */
export function mark(open: (state: MusicxmlState, attributes: XmlAttributes) => void): ElementNode {
  return { open };
}

/** What a file says about a note and the score does not keep. */
interface WrittenNote {
  chord: boolean;
  cue: boolean;
  /** It sounds nothing; `restElement`: because it says so. */
  rest: boolean;
  restElement: boolean;
  instrument: string;
  /** As drawn; they give the duration where none is written. */
  type: string;
  dots: number;
  actualNotes: number;
  normalNotes: number;
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
  /** How long the last note was, in the unit of its cell. */
  chordDuration: number;
  /** Grace notes since the last ordinary note. */
  graceNotes: number;
  moveBy: number;
  key: KeySignature;
  keyStep: number;
  time: TimeSignature;
  beats: string;
  clef: Clef;
  transposition: Transposition;
  voices: Map<string, number>;
  /** General MIDI percussion key of each instrument id. */
  percussion: Map<string, number>;
  instrument: string;
  creatorType: string;
  /** Where the barline is that is being read. */
  barline: string;
  endings: Map<PartDraft, OpenEnding>;
  metronome: { quarters: number; dots: number; units: number; perMinute: string };
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
    },
    chordDuration: 0,
    graceNotes: 0,
    moveBy: 0,
    key: { tick: 0, staff: 0, fifths: null, mode: null, alterations: [] },
    keyStep: 0,
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
    metronome: { quarters: 0, dots: 0, units: 0, perMinute: '' },
  };
}

/** Where music is written to; grammar makes sure that there is one. */
export function cellOf(state: MusicxmlState): Cell {
  if (!state.cell) throw malformed('music outside a measure');
  return state.cell;
}

export function partOf(state: MusicxmlState): PartDraft {
  if (!state.part) throw malformed('a measure outside a part');
  return state.part;
}

const decimalPattern = /^\s*[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})\s*$/;

export function decimal(text: string, name: string, min: number, max: number): number {
  const value = numberIn(text);
  if (!(value >= min && value <= max)) throw malformed(`${name} must be ${rangeOf(text, 'a number', min, max)}`);
  return value;
}

export function integer(text: string, name: string, min: number, max: number): number {
  const value = decimal(text, name, min, max);
  if (!Number.isInteger(value)) throw malformed(`${name} must be ${rangeOf(text, 'a whole number', min, max)}`);
  return value;
}

/**
 * A whole number that says how to play or draw, not what the music is. One that cannot be used is
 * ignored with a warning, for it is no reason to refuse the score.
 */
export function hint(state: MusicxmlState, text: string, name: string, min: number, max: number): number | null {
  const value = numberIn(text);
  if (value >= min && value <= max && Number.isInteger(value)) return value;
  ignore(state, text, name, 'a whole number', min, max);
  return null;
}

/** The same for a number that may have decimals. */
export function decimalHint(state: MusicxmlState, text: string, name: string, min: number, max: number): number | null {
  const value = numberIn(text);
  if (value >= min && value <= max) return value;
  ignore(state, text, name, 'a number', min, max);
  return null;
}

function ignore(state: MusicxmlState, text: string, name: string, kind: string, min: number, max: number): void {
  warn(state, `${name} is ignored: it must be ${rangeOf(text, kind, min, max)}`);
}

/** With the place where the reader is. */
export function warn({ builder, part, cell, label }: MusicxmlState, message: string): void {
  const measure = cell ? `, measure ${label}` : '';
  builder.warn(`part "${plainText(part?.id ?? '').slice(0, 40)}"${measure}: ${message}`);
}

function rangeOf(text: string, kind: string, min: number, max: number): string {
  return `${kind} from ${min} to ${max}, not "${plainText(text).slice(0, 40)}"`;
}

/** NaN for what is no number. */
function numberIn(text: string): number {
  return smallNumber(text) ?? (decimalPattern.test(text) ? Number(text) : Number.NaN);
}

/** The usual case, up to four digits, without a pattern. */
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

/** The `number` attribute of a key, time, clef or transpose element names a staff; 0 is each staff. */
export function staffOf(state: MusicxmlState, attributes: XmlAttributes): number {
  const number = attributes['number'];
  return number === undefined ? 0 : (hint(state, number, 'the number of a staff', 1, 255) ?? 0);
}
