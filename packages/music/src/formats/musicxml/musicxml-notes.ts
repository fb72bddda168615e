/** The MusicXML elements that sound or move the time position: note, backup, forward. */

import { PITCHED, TIE_START, TIE_STOP, UNPITCHED } from '../../model/note-columns.ts';
import { stepOfName } from '../../model/pitch.ts';
import { nominalLength } from '../../model/score-assembly.ts';
import type { Cell } from '../../model/score-builder.ts';
import { malformed } from '../../model/score-limits.ts';
import {
  cellOf,
  decimal,
  type ElementNode,
  element,
  hint,
  integer,
  leaf,
  type MusicxmlState,
  mark,
  partOf,
  warn,
  type XmlAttributes,
} from './musicxml-state.ts';
import { maxDots, quartersOfType } from './notated-duration.ts';

const maxDuration = 2 ** 49;
/** Marks a note without a written duration. */
const missing = -1;

function openNote(state: MusicxmlState, attributes: XmlAttributes): void {
  if (attributes['time-only'] !== undefined) warn(state, 'a note for some repetitions is played in all of them');
  const { note } = state;
  note.duration = missing;
  note.step = 0;
  note.alterCents = 0;
  note.octave = 4;
  note.midi = 0;
  note.kind = PITCHED;
  note.voice = 1;
  note.staff = 1;
  note.tie = 0;
  note.grace = 0;
  note.chord = false;
  note.cue = false;
  // A note without pitch, unpitched or rest is silent.
  note.rest = true;
  note.restElement = false;
  note.instrument = '';
  note.type = '';
  note.dots = 0;
  note.actualNotes = 1;
  note.normalNotes = 1;
  note.tied = 0;
}

function closeNote(state: MusicxmlState): void {
  const { note, builder } = state;
  const cell = cellOf(state);
  if (note.duration <= 0 && note.grace === 0 && !note.rest && !hasOtherLength(state)) {
    warn(state, 'a note without a duration and a known type is read as a grace note');
    note.grace = 1;
  }
  if (note.rest && !note.restElement) warn(state, 'a note without a pitch is read as a rest');
  const duration = note.grace > 0 ? 0 : durationOf(state, cell);
  if (note.chord) note.onset = cell.chordOnset;
  else note.onset = cell.cursor;
  if (note.grace > 0) {
    if (!note.chord) state.graceNotes++;
    note.grace = Math.min(65_535, Math.max(1, state.graceNotes));
  } else {
    state.graceNotes = 0;
  }
  cell.chordOnset = note.onset;
  if (note.tie === 0) note.tie = note.tied;
  // A cue note takes time but is not played.
  if (!note.rest && !note.cue) {
    note.duration = duration;
    if (note.kind === UNPITCHED) note.midi = state.percussion.get(note.instrument) ?? 0;
    builder.addNote(cell, note);
  }
  if (!note.chord && duration > 0) builder.move(cell, duration);
  state.chordDuration = duration;
}

function hasOtherLength({ note, chordDuration }: MusicxmlState): boolean {
  return quartersOfType(note.type) !== undefined || (note.chord && chordDuration > 0);
}

/** The duration in the unit of the cell: as written, or else derived from the note type. */
function durationOf(state: MusicxmlState, cell: Cell): number {
  const { note, builder } = state;
  if (note.duration > 0) return builder.units(cell, note.duration);
  const part = partOf(state);
  const quarters = quartersOfType(note.type);
  if (quarters !== undefined) {
    // With n dots a note lasts 2 - 1/2^n times as long. The shortest type is 1/256 of a quarter
    // note.
    const halvings = 2 ** Math.min(note.dots, maxDots);
    const numerator = quarters * 256 * (2 * halvings - 1) * note.normalNotes;
    return builder.quarters(cell, part, numerator, 256 * halvings * note.actualNotes);
  }
  if (note.chord) return state.chordDuration;
  // A rest without a length fills its measure, whose length another part may know.
  const time = part.times.at(-1);
  if (note.duration === 0 || !note.restElement || !time) return 0;
  const { numerator, denominator } = nominalLength(time);
  return builder.quarters(cell, part, numerator, denominator);
}

function voiceOf(state: MusicxmlState, text: string): number {
  const name = text.trim();
  const known = state.voices.get(name);
  if (known !== undefined) return known;
  if (state.voices.size > 10_000) throw malformed('the score has more than 10000 different voices');
  // Voices are nearly always numbers; other names get new numbers.
  const voice = /^[1-9]\d{0,2}$/.test(name) ? Number(name) : 1000 + state.voices.size;
  state.voices.set(name, voice);
  return voice;
}

/** Other types, such as let-ring, connect no notes. */
function tieOf({ type }: XmlAttributes): number {
  if (type === 'continue') return TIE_STOP | TIE_START;
  return type === 'start' ? TIE_START : type === 'stop' ? TIE_STOP : 0;
}

const step = (state: MusicxmlState, text: string) => {
  const found = stepOfName(text.length === 1 ? text : text.trim());
  if (found < 0) throw malformed(`a step must be one of A to G, not "${text.slice(0, 40)}"`);
  state.note.step = found;
};

const noteElement: ElementNode = element(
  {
    grace: mark((state) => {
      state.note.grace = 1;
    }),
    cue: mark((state) => {
      state.note.cue = true;
    }),
    chord: mark((state) => {
      state.note.chord = true;
    }),
    rest: mark((state) => {
      state.note.restElement = true;
    }),
    pitch: element(
      {
        step: leaf(step),
        alter: leaf((state, text) => {
          state.note.alterCents = text === '' ? 0 : Math.round(100 * decimal(text, 'alter', -4, 4));
        }),
        octave: leaf((state, text) => {
          state.note.octave = integer(text, 'octave', -2, 12);
        }),
      },
      {
        open: (state) => {
          state.note.rest = false;
        },
      },
    ),
    unpitched: element(
      {
        'display-step': leaf((state, text) => {
          state.note.step = Math.max(0, stepOfName(text.trim()));
        }),
        'display-octave': leaf((state, text) => {
          state.note.octave = hint(state, text, 'display-octave', -2, 12) ?? 4;
        }),
      },
      {
        open: (state) => {
          state.note.rest = false;
          state.note.kind = UNPITCHED;
        },
      },
    ),
    type: leaf((state, text) => {
      state.note.type = text.trim();
    }),
    dot: mark((state) => {
      state.note.dots++;
    }),
    'time-modification': element({
      'actual-notes': leaf((state, text) => {
        state.note.actualNotes = hint(state, text, 'actual-notes', 1, 1_000) ?? 1;
      }),
      'normal-notes': leaf((state, text) => {
        state.note.normalNotes = hint(state, text, 'normal-notes', 1, 1_000) ?? 1;
      }),
    }),
    duration: leaf((state, text) => {
      state.note.duration = text === '' ? missing : decimal(text, 'duration', 0, maxDuration);
    }),
    tie: mark((state, attributes) => {
      state.note.tie |= tieOf(attributes);
    }),
    notations: element({
      tied: mark((state, attributes) => {
        state.note.tied |= tieOf(attributes);
      }),
    }),
    instrument: mark((state, attributes) => {
      state.note.instrument = attributes['id'] ?? '';
    }),
    voice: leaf((state, text) => {
      state.note.voice = text === '1' || text === '' ? 1 : voiceOf(state, text);
    }),
    staff: leaf((state, text) => {
      state.note.staff = hint(state, text, 'staff', 1, 255) ?? 1;
    }),
  },
  { open: openNote, close: closeNote },
);

function moveElement(direction: 1 | -1): ElementNode {
  return element(
    {
      duration: leaf((state, text) => {
        state.moveBy = decimal(text, 'duration', 0, maxDuration);
      }),
    },
    {
      open: (state) => {
        state.moveBy = 0;
      },
      close: (state) => {
        const cell = cellOf(state);
        state.graceNotes = 0;
        const isInside = state.builder.moveBy(cell, partOf(state), direction * state.moveBy);
        if (!isInside) warn(state, 'a backup beyond the beginning of the measure ends there');
        cell.chordOnset = cell.cursor;
      },
    },
  );
}

export const noteElements = { note: noteElement, backup: moveElement(-1), forward: moveElement(1) };
