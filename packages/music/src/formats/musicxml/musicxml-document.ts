/**
 * The outer elements of MusicXML: titles, the part list, and both ways of nesting parts and
 * measures.
 */

import { malformed } from '../../model/score-limits.ts';
import { plainText } from '../plain-text.ts';
import { attributeElements } from './musicxml-attributes.ts';
import { barlineElements } from './musicxml-barlines.ts';
import { directionElements } from './musicxml-directions.ts';
import { noteElements } from './musicxml-notes.ts';
import {
  type ElementNode,
  element,
  hint,
  leaf,
  type MusicxmlState,
  partOf,
  type XmlAttributes,
} from './musicxml-state.ts';

const content = { ...noteElements, ...attributeElements, ...directionElements, ...barlineElements };

function openMeasure(state: MusicxmlState, attributes: XmlAttributes): void {
  state.label = plainText(attributes['number'] ?? '').slice(0, 32);
  state.implicit = attributes['implicit'] === 'yes';
}

function openCell(state: MusicxmlState): void {
  const part = partOf(state);
  state.cell = state.builder.openCell(part, state.measureIndex, state.label, state.implicit);
  state.graceNotes = 0;
}

function closeCell(state: MusicxmlState): void {
  state.cell = undefined;
}

function partId(id: string): string {
  if (id.length > 256) throw malformed('a part id is longer than 256 characters');
  return id;
}

/** A part without an id is the next one in the part list. */
function openPart(state: MusicxmlState, attributes: XmlAttributes): void {
  const { builder } = state;
  const id = attributes['id'];
  const listed = id === undefined ? builder.parts[state.partsInMeasure] : builder.findPart(id);
  if (id === undefined && !listed) throw malformed('a part has no id and no entry in the part-list');
  state.part = listed ?? builder.addPart(partId(id ?? ''));
  state.partsInMeasure++;
}

/** MusicXML counts from 1, MIDI from 0. */
function fromZero(number: number | null): number | null {
  return number === null ? null : number - 1;
}

const partwisePart = element(
  {
    measure: element(content, {
      open: (state, attributes) => {
        state.measureIndex++;
        openMeasure(state, attributes);
        openCell(state);
      },
      close: closeCell,
    }),
  },
  {
    open: (state, attributes) => {
      state.measureIndex = -1;
      openPart(state, attributes);
    },
  },
);

const timewiseMeasure = element(
  {
    part: element(content, {
      open: (state, attributes) => {
        openPart(state, attributes);
        openCell(state);
      },
      close: closeCell,
    }),
  },
  {
    open: (state, attributes) => {
      state.measureIndex++;
      state.partsInMeasure = 0;
      openMeasure(state, attributes);
    },
  },
);

const scorePart = element(
  {
    'part-name': leaf((state, text) => {
      partOf(state).name = plainText(text);
    }),
    'midi-instrument': element(
      {
        'midi-channel': leaf((state, text) => {
          partOf(state).channel ??= fromZero(hint(state, text, 'midi-channel', 1, 16));
        }),
        'midi-program': leaf((state, text) => {
          partOf(state).program ??= fromZero(hint(state, text, 'midi-program', 1, 128));
        }),
        'midi-unpitched': leaf((state, text) => {
          if (state.percussion.size >= 10_000) throw malformed('the score has more than 10000 percussion instruments');
          const key = fromZero(hint(state, text, 'midi-unpitched', 1, 128));
          if (key !== null) state.percussion.set(state.instrument, key);
        }),
      },
      {
        open: (state, attributes) => {
          state.instrument = attributes['id'] ?? '';
        },
      },
    ),
  },
  {
    open: (state, attributes) => {
      const id = attributes['id'];
      if (id === undefined) throw malformed('a score-part has no id');
      state.part = state.builder.addPart(partId(id));
    },
    close: (state) => {
      state.part = undefined;
    },
  },
);

const header: Record<string, ElementNode> = {
  work: element({
    'work-title': leaf((state, text) => {
      state.builder.title ||= plainText(text);
    }),
  }),
  'movement-title': leaf((state, text) => {
    const movement = plainText(text);
    const { title } = state.builder;
    if (movement !== '' && title !== movement) {
      state.builder.title = title === '' ? movement : plainText(`${title}: ${movement}`);
    }
  }),
  identification: element({
    creator: {
      text: true,
      open: (state, attributes) => {
        state.creatorType = attributes['type'] ?? '';
      },
      close: (state, text) => {
        if (state.creatorType === 'composer') state.builder.composer ||= plainText(text);
      },
    },
  }),
  'part-list': element({ 'score-part': scorePart }),
};

export const documentElement = element({
  'score-partwise': element({ ...header, part: partwisePart }),
  'score-timewise': element({ ...header, measure: timewiseMeasure }),
});
