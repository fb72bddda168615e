/**
 * What the MusicXML reader knows while it reads, and how the grammar of the elements is written down: a tree of nodes. An element that is
 * not in the tree is skipped with all that is in it, so neither layout nor lyrics cost anything, and an element is only ever
 * seen in the right context (`duration` of a note is not the `duration` of a figured bass).
 */
import { type NoteRow, PITCHED } from './note-columns.ts';
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

export interface MusicxmlState {
  readonly builder: ScoreBuilder;
  measureIndex: number;
  label: string;
  implicit: boolean;
  partsInMeasure: number;
  part: PartDraft | undefined;
  cell: Cell | undefined;
  note: NoteRow & { chord: boolean; cue: boolean; rest: boolean; instrument: string };
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
      instrument: '',
    },
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
  const value = smallNumber(text) ?? (decimalPattern.test(text) ? Number(text) : Number.NaN);
  if (!(value >= min && value <= max)) {
    throw malformed(`${name} must be a number from ${min} to ${max}, not "${text.trim().slice(0, 40)}"`);
  }
  return value;
}

export function integer(text: string, name: string, min: number, max: number): number {
  const value = decimal(text, name, min, max);
  if (!Number.isInteger(value)) throw malformed(`${name} must be a whole number, not "${text.trim().slice(0, 40)}"`);
  return value;
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
export function staffOf(attributes: XmlAttributes): number {
  const number = attributes['number'];
  return number === undefined ? 0 : integer(number, 'staff number', 1, 255);
}
