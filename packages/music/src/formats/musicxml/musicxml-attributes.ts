/** The MusicXML attributes of the following notes: divisions, key, time, clef, transpose. */

import { stepOfName } from '../../model/pitch.ts';
import { malformed } from '../../model/score-limits.ts';
import {
  cellOf,
  decimal,
  decimalHint,
  element,
  hint,
  ignore,
  integer,
  leaf,
  type MusicxmlState,
  mark,
  partOf,
  staffOf,
  warn,
} from './musicxml-state.ts';

/** The notes do not depend on a signature, so one with an invalid value is ignored. */
function ignoreSignature(state: MusicxmlState, text: string, name: string, expected: string): void {
  state.usable = false;
  ignore(state, text, name, expected);
}

const keyElement = element(
  {
    fifths: leaf((state, text) => {
      state.key.fifths = hint(state, text, 'fifths', -21, 21);
      state.usable &&= state.key.fifths !== null;
    }),
    mode: leaf((state, text) => {
      state.key.mode = /^\s*[a-z]{1,20}\s*$/.test(text) ? text.trim() : null;
    }),
    'key-step': leaf((state, text) => {
      state.keyStep = stepOfName(text.trim());
      if (state.keyStep < 0) ignoreSignature(state, text, 'key-step', 'one of A to G');
    }),
    'key-alter': leaf((state, text) => {
      const alter = decimalHint(state, text, 'key-alter', -4, 4);
      state.usable &&= alter !== null;
      if (state.key.alterations.length >= 64) throw malformed('a key signature has more than 64 alterations');
      state.key.alterations.push({ step: state.keyStep, alterCents: Math.round(100 * (alter ?? 0)) });
    }),
  },
  {
    open: (state, attributes) => {
      state.key = { tick: 0, staff: staffOf(state, attributes), fifths: null, mode: null, alterations: [] };
      state.usable = true;
    },
    close: (state) => {
      if (!state.usable) return;
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
      if (/^[1-9]\d{0,3}(\+[1-9]\d{0,3}){0,15}$/.test(beats)) state.beats = beats;
      else ignoreSignature(state, text, 'beats', 'a number or a sum of numbers');
    }),
    'beat-type': leaf((state, text) => {
      if (state.time.groups.length >= 16) throw malformed('a time signature has more than 16 groups');
      const beatType = hint(state, text, 'beat-type', 1, 1024);
      if (beatType === null) state.usable = false;
      else state.time.groups.push({ beats: state.beats || '1', beatType });
    }),
  },
  {
    open: (state, attributes) => {
      state.time = { tick: 0, staff: staffOf(state, attributes), groups: [] };
      state.beats = '';
      state.usable = true;
    },
    close: (state) => {
      if (!state.usable) return;
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
      state.clef.line = hint(state, text, 'the line of a clef', -100, 100);
    }),
    'clef-octave-change': leaf((state, text) => {
      state.clef.octaveChange = hint(state, text, 'clef-octave-change', -10, 10) ?? 0;
    }),
  },
  {
    open: (state, attributes) => {
      state.clef = { tick: 0, staff: staffOf(state, attributes), sign: 'G', line: null, octaveChange: 0 };
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
      if (text !== '') state.transposition.diatonic = integer(text, 'diatonic', -49, 49);
    }),
    chromatic: leaf((state, text) => {
      state.transposition.chromatic = Math.round(decimal(text, 'chromatic', -84, 84));
    }),
    'octave-change': leaf((state, text) => {
      if (text !== '') state.transposition.octaveChange = integer(text, 'octave-change', -8, 8);
    }),
    double: mark((state) => warn(state, 'the doubling of a part in another octave is ignored')),
  },
  {
    open: (state, attributes) => {
      const staff = staffOf(state, attributes);
      state.transposition = { tick: 0, staff, diatonic: Number.NaN, chromatic: 0, octaveChange: 0 };
    },
    close: (state) => {
      const { transposition } = state;
      // Some programs omit it; use the most common interval of that many semitones.
      if (Number.isNaN(transposition.diatonic)) transposition.diatonic = Math.round((transposition.chromatic * 7) / 12);
      state.builder.addChange(cellOf(state), transposition);
      partOf(state).transposes.push(transposition);
    },
  },
);

const attributesElement = element({
  divisions: leaf((state, text) => {
    const divisions = decimal(text, 'divisions', 0, 2 ** 40);
    state.builder.setDivisions(partOf(state), cellOf(state), divisions);
  }),
  key: keyElement,
  time: timeElement,
  staves: leaf((state, text) => {
    partOf(state).staves = hint(state, text, 'staves', 1, 255) ?? partOf(state).staves;
  }),
  clef: clefElement,
  transpose: transposeElement,
});

export const attributeElements = { attributes: attributesElement };
