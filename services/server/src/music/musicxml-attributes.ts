/** The elements of MusicXML that change how notes are to be read: divisions, key, time, clef, transpose, tempo. */

import {
  cellOf,
  decimal,
  type ElementNode,
  element,
  integer,
  leaf,
  type MusicxmlState,
  mark,
  partOf,
  staffOf,
} from './musicxml-state.ts';
import { stepOfName } from './pitch.ts';
import { malformed } from './score-limits.ts';

const keyElement = element(
  {
    fifths: leaf((state, text) => {
      state.key.fifths = integer(text, 'fifths', -21, 21);
    }),
    mode: leaf((state, text) => {
      state.key.mode = /^\s*[a-z]{1,20}\s*$/.test(text) ? text.trim() : null;
    }),
    'key-step': leaf((state, text) => {
      state.keyStep = stepOfName(text.trim());
      if (state.keyStep < 0) throw malformed('a key-step must be one of A to G');
    }),
    'key-alter': leaf((state, text) => {
      const alterCents = Math.round(100 * decimal(text, 'key-alter', -4, 4));
      if (state.key.alterations.length >= 64) throw malformed('a key signature with more than 64 alterations');
      state.key.alterations.push({ step: state.keyStep, alterCents });
    }),
  },
  {
    open: (state, attributes) => {
      state.key = { tick: 0, staff: staffOf(attributes), fifths: null, mode: null, alterations: [] };
    },
    close: (state) => {
      if (state.key.fifths !== null) state.key.alterations = [];
      state.builder.addChange(cellOf(state), state.key);
      partOf(state).keys.push(state.key);
    },
  },
);

const timeElement = element(
  {
    beats: leaf((state, text) => {
      const beats = text.replace(/\s+/g, '');
      if (!/^\d{1,4}(\+\d{1,4}){0,15}$/.test(beats)) throw malformed(`beats "${text.slice(0, 40)}" cannot be read`);
      state.beats = beats;
    }),
    'beat-type': leaf((state, text) => {
      if (state.time.groups.length >= 16) throw malformed('a time signature with more than 16 groups');
      state.time.groups.push({ beats: state.beats || '1', beatType: integer(text, 'beat-type', 1, 1024) });
    }),
  },
  {
    open: (state, attributes) => {
      state.time = { tick: 0, staff: staffOf(attributes), groups: [] };
      state.beats = '';
    },
    close: (state) => {
      state.builder.addChange(cellOf(state), state.time);
      partOf(state).times.push(state.time);
    },
  },
);

const clefElement = element(
  {
    sign: leaf((state, text) => {
      state.clef.sign = /^\s*[A-Za-z]{1,12}\s*$/.test(text) ? text.trim() : 'none';
    }),
    line: leaf((state, text) => {
      state.clef.line = integer(text, 'clef line', -100, 100);
    }),
    'clef-octave-change': leaf((state, text) => {
      state.clef.octaveChange = integer(text, 'clef-octave-change', -10, 10);
    }),
  },
  {
    open: (state, attributes) => {
      state.clef = { tick: 0, staff: staffOf(attributes), sign: 'G', line: null, octaveChange: 0 };
    },
    close: (state) => {
      state.builder.addChange(cellOf(state), state.clef);
      partOf(state).clefs.push(state.clef);
    },
  },
);

const transposeElement = element(
  {
    diatonic: leaf((state, text) => {
      state.transposition.diatonic = integer(text, 'diatonic', -49, 49);
    }),
    chromatic: leaf((state, text) => {
      state.transposition.chromatic = Math.round(decimal(text, 'chromatic', -84, 84));
    }),
    'octave-change': leaf((state, text) => {
      state.transposition.octaveChange = integer(text, 'octave-change', -8, 8);
    }),
  },
  {
    open: (state, attributes) => {
      const staff = staffOf(attributes);
      state.transposition = { tick: 0, staff, diatonic: Number.NaN, chromatic: 0, octaveChange: 0 };
    },
    close: (state) => {
      const { transposition } = state;
      // Left out by some programs; the usual spelling of so many semitones.
      if (Number.isNaN(transposition.diatonic)) transposition.diatonic = Math.round((transposition.chromatic * 7) / 12);
      state.builder.addChange(cellOf(state), transposition);
      partOf(state).transposes.push(transposition);
    },
  },
);

const attributesElement = element({
  divisions: leaf((state, text) => {
    const divisions = integer(text, 'divisions', 1, 2 ** 40);
    state.builder.setDivisions(partOf(state), cellOf(state), divisions);
  }),
  key: keyElement,
  time: timeElement,
  staves: leaf((state, text) => {
    partOf(state).staves = integer(text, 'staves', 1, 255);
  }),
  clef: clefElement,
  transpose: transposeElement,
});

function addTempo(state: MusicxmlState, attributes: Readonly<Record<string, string>>): void {
  const text = attributes['tempo'];
  if (text === undefined) return;
  const quartersPerMinute = decimal(text, 'tempo', 0, 100_000);
  // A tempo of 0 would stop the time; some programs write it for "none".
  if (quartersPerMinute === 0) return;
  const tempo = { tick: 0, quartersPerMinute };
  state.builder.addChange(cellOf(state), tempo);
  state.builder.tempos.push(tempo);
}

const soundElement: ElementNode = mark(addTempo);

export const attributeElements = {
  attributes: attributesElement,
  sound: soundElement,
  direction: element({ sound: soundElement }),
};
