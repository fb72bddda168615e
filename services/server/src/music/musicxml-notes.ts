/** The elements of MusicXML that sound or move the time: note, backup, forward. */

import {
  cellOf,
  decimal,
  type ElementNode,
  element,
  integer,
  leaf,
  type MusicxmlState,
  mark,
} from './musicxml-state.ts';
import { PITCHED, TIE_START, TIE_STOP, UNPITCHED } from './note-columns.ts';
import { stepOfName } from './pitch.ts';
import { malformed } from './score-limits.ts';

const maxDuration = 2 ** 49;

function openNote(state: MusicxmlState): void {
  const { note } = state;
  note.duration = 0;
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
  // A note without pitch, unpitched or rest sounds nothing.
  note.rest = true;
  note.instrument = '';
}

function closeNote(state: MusicxmlState): void {
  const { note, builder } = state;
  const cell = cellOf(state);
  const duration = note.grace > 0 ? 0 : builder.units(cell, note.duration);
  if (note.chord) note.onset = cell.chordOnset;
  else note.onset = cell.cursor;
  if (note.grace > 0) {
    if (!note.chord) state.graceNotes++;
    note.grace = Math.min(65_535, Math.max(1, state.graceNotes));
  } else {
    state.graceNotes = 0;
  }
  cell.chordOnset = note.onset;
  // A cue note takes its time but is not played.
  if (!note.rest && !note.cue) {
    note.duration = duration;
    if (note.kind === UNPITCHED) note.midi = state.percussion.get(note.instrument) ?? 0;
    builder.addNote(cell, note);
  }
  if (!note.chord && duration > 0) builder.move(cell, duration);
}

function voiceOf(state: MusicxmlState, text: string): number {
  const name = text.trim();
  const known = state.voices.get(name);
  if (known !== undefined) return known;
  if (state.voices.size > 10_000) throw malformed('more than 10000 different voices');
  // Voices are numbers nearly always; other names get numbers of their own.
  const voice = /^[1-9]\d{0,2}$/.test(name) ? Number(name) : 1000 + state.voices.size;
  state.voices.set(name, voice);
  return voice;
}

const step = (state: MusicxmlState, text: string) => {
  const found = stepOfName(text.length === 1 ? text : text.trim());
  if (found < 0) throw malformed(`a step must be one of A to G, not "${text.slice(0, 40)}"`);
  state.note.step = found;
};
const octave = (state: MusicxmlState, text: string) => {
  state.note.octave = integer(text, 'octave', -2, 12);
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
    pitch: element(
      {
        step: leaf(step),
        alter: leaf((state, text) => {
          state.note.alterCents = Math.round(100 * decimal(text, 'alter', -4, 4));
        }),
        octave: leaf(octave),
      },
      {
        open: (state) => {
          state.note.rest = false;
        },
      },
    ),
    unpitched: element(
      { 'display-step': leaf(step), 'display-octave': leaf(octave) },
      {
        open: (state) => {
          state.note.rest = false;
          state.note.kind = UNPITCHED;
        },
      },
    ),
    duration: leaf((state, text) => {
      state.note.duration = decimal(text, 'duration', 0, maxDuration);
    }),
    tie: mark((state, attributes) => {
      state.note.tie |= attributes['type'] === 'start' ? TIE_START : TIE_STOP;
    }),
    instrument: mark((state, attributes) => {
      state.note.instrument = attributes['id'] ?? '';
    }),
    voice: leaf((state, text) => {
      state.note.voice = text === '1' ? 1 : voiceOf(state, text);
    }),
    staff: leaf((state, text) => {
      state.note.staff = integer(text, 'staff', 1, 255);
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
        state.builder.move(cell, direction * state.builder.units(cell, state.moveBy));
        cell.chordOnset = cell.cursor;
      },
    },
  );
}

export const noteElements = { note: noteElement, backup: moveElement(-1), forward: moveElement(1) };
