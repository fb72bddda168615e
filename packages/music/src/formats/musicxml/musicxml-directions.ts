/** The MusicXML directions that affect playback: tempos, and the signs and words of jumps. */
import type { JumpMark, Tempo } from '../../model/score.ts';
import {
  cellOf,
  createDirection,
  decimalHint,
  type ElementNode,
  element,
  leaf,
  type MusicxmlState,
  mark,
  warn,
  type XmlAttributes,
} from './musicxml-state.ts';
import { maxDots, quartersOfType } from './notated-duration.ts';

const maxTempo = 100_000;
const maxOffset = 2 ** 49;

/** Segno and coda stand before a measure, the others after it. */
function addMark(state: MusicxmlState, kind: JumpMark): void {
  const { cursor, measure } = cellOf(state);
  const isBefore = kind === 'segno' || kind === 'coda';
  state.builder.addMark(isBefore && cursor > 0 ? measure + 1 : measure, kind);
}

function marksOf(attributes: XmlAttributes): JumpMark[] {
  const marks: [JumpMark, boolean][] = [
    ['segno', Boolean(attributes['segno'])],
    ['coda', Boolean(attributes['coda'])],
    ['fine', Boolean(attributes['fine'])],
    ['to coda', Boolean(attributes['tocoda'])],
    ['da capo', attributes['dacapo'] === 'yes'],
    ['dal segno', Boolean(attributes['dalsegno'])],
  ];
  return marks.filter(([, isSet]) => isSet).map(([kind]) => kind);
}

/** Some programs write a jump only as text: "D.C. al Fine". */
const wordsOfMarks: readonly [JumpMark, RegExp][] = [
  ['da capo', /(\bd\. ?|^\W*d ?)c\b|\bda capo\b/i],
  ['dal segno', /(\bd\. ?|^\W*d ?)s\b|\bdal segno\b/i],
  ['to coda', /\bto (the )?coda\b/i],
  ['fine', /^\W*fine\W*$/i],
  ['coda', /^\W*coda\W*$/i],
];

/** Adds the marks that are only drawn, if the direction has no `sound` element for them. */
function addDrawnMarks(state: MusicxmlState): void {
  const { signs, words, hasMarks } = state.direction;
  if (hasMarks) return;
  const written = wordsOfMarks.find(([, pattern]) => pattern.test(words))?.[0];
  if (written) addMark(state, written);
  else if (signs.includes('segno')) addMark(state, 'segno');
  else if (signs.includes('coda')) state.drawnCodas.add(cellOf(state).measure);
}

/** Called once, after all measures. */
export function finishMarks(state: MusicxmlState): void {
  addDrawnCodas(state);
  const { builder } = state;
  const [firstSegno = Number.POSITIVE_INFINITY] = builder.measuresWith('segno');
  const lastCoda = builder.measuresWith('coda').at(-1) ?? -1;
  const ignored = (measure: number, text: string) => builder.warn(`measure ${measure + 1}: ${text}`);
  for (const measure of builder.measuresWith('dal segno')) {
    if (measure < firstSegno) ignored(measure, 'a dal segno without a segno before it is not played');
  }
  for (const measure of builder.measuresWith('to coda')) {
    if (measure >= lastCoda) ignored(measure, 'a jump to a coda that does not follow is not played');
  }
}

/** A coda sign without words or sound is "to coda" if there is no other one and a coda follows. */
function addDrawnCodas({ drawnCodas, builder }: MusicxmlState): void {
  const [first, ...others] = [...drawnCodas].sort((a, b) => a - b);
  if (first === undefined) return;
  const isFollowed = others.length > 0 || builder.measuresWith('coda').some((measure) => measure > first);
  const leadsToIt = isFollowed && builder.measuresWith('to coda').length === 0;
  for (const measure of [first, ...others])
    builder.addMark(measure, measure === first && leadsToIt ? 'to coda' : 'coda');
}

/** `offset` is in the unit of the file, from the current position. */
function storeTempo(state: MusicxmlState, list: Tempo[], quartersPerMinute: number, offset: number): void {
  const { builder } = state;
  const cell = cellOf(state);
  const distance = Math.sign(offset) * builder.units(cell, Math.abs(offset));
  const tempo = { tick: 0, quartersPerMinute };
  builder.addChange(cell, tempo, Math.max(0, cell.cursor + distance));
  list.push(tempo);
}

function offsetIn(state: MusicxmlState, text: string): number {
  return decimalHint(state, text, 'offset', -maxOffset, maxOffset) ?? 0;
}

const soundElement: ElementNode = element(
  {
    offset: leaf((state, text) => {
      state.sound.offset = offsetIn(state, text);
    }),
  },
  {
    open: (state, attributes) => {
      const { cursor, measure } = cellOf(state);
      const { tempo = '0' } = attributes;
      // A tempo of 0 is ignored; some programs write it to mean "none".
      state.sound = { tempo: decimalHint(state, tempo, 'tempo', 0, maxTempo) ?? 0, offset: null };
      // A repeat sign that is not drawn, such as at the start of a trio.
      if (attributes['forward-repeat'] === 'yes') state.builder.startRepeat(cursor === 0 ? measure : measure + 1);
      const marks = marksOf(attributes);
      for (const one of marks) addMark(state, one);
      state.direction.hasMarks ||= marks.length > 0;
    },
    close: (state) => {
      const { sound, direction } = state;
      if (sound.tempo === 0) return;
      storeTempo(state, state.builder.tempos, sound.tempo, sound.offset ?? direction.playedOffset);
      direction.mark = 0;
    },
  },
);

function addBeat({ metronome }: MusicxmlState, type: string): void {
  metronome.beats.push({ quarters: quartersOfType(type.trim()) ?? 0, dots: 0 });
}

const beatUnitDot: ElementNode = mark(({ metronome }) => {
  const last = metronome.beats.at(-1);
  if (last) last.dots++;
});

/** The beat of a metronome mark, with the notes tied to it; 0 if one of them is unknown. */
function quartersOfBeat({ beats }: MusicxmlState['metronome']): number {
  const lengths = beats.map(({ quarters, dots }) => quarters * (2 - 0.5 ** Math.min(dots, maxDots)));
  return lengths.includes(0) ? 0 : lengths.reduce((sum, quarters) => sum + quarters, 0);
}

/** Includes the sign and the exponent, so that "-5" is not read as 5, nor "1e9" as 1. */
const numberPattern = /(?:^\s*-)?\d+(?:[.,]\d+)?(?:e[+-]?\d+)?/i;

/**
 * A metronome mark sets the tempo if no `sound` element does in the same direction or at the same
 * position: half. = 46, "ca. 92", "92-96" (the first number).
 */
const metronomeElement: ElementNode = element(
  {
    'beat-unit': leaf((state, text) => {
      state.metronome.units++;
      addBeat(state, text);
    }),
    'beat-unit-dot': beatUnitDot,
    'beat-unit-tied': element({ 'beat-unit': leaf(addBeat), 'beat-unit-dot': beatUnitDot }),
    'per-minute': leaf((state, text) => {
      state.metronome.perMinute = text;
    }),
  },
  {
    open: (state) => {
      state.metronome = { beats: [], units: 0, perMinute: '' };
    },
    close: (state) => {
      const { units, perMinute } = state.metronome;
      // Two units ("quarter = half") are a relation; other content has no tempo.
      if (units !== 1 || perMinute === '') return warn(state, 'a metronome mark without a number is ignored');
      const beat = quartersOfBeat(state.metronome);
      if (beat === 0) return warn(state, 'a metronome mark with an unknown beat-unit is ignored');
      const number = numberPattern.exec(perMinute)?.[0].replace(',', '.') ?? perMinute;
      const beats = decimalHint(state, number, 'per-minute', 0, maxTempo / beat);
      if (beats) state.direction.mark = beats * beat;
    },
  },
);

const directionElement = element(
  {
    'direction-type': element({
      metronome: metronomeElement,
      words: leaf(({ direction }, text) => {
        direction.words = `${direction.words} ${text}`.slice(0, 1024);
      }),
      segno: mark(({ direction }) => direction.signs.push('segno')),
      coda: mark(({ direction }) => direction.signs.push('coda')),
    }),
    offset: {
      text: true,
      open: ({ direction }, { sound }) => {
        direction.isOffsetPlayed = sound === 'yes';
      },
      close: (state, text) => {
        const { direction } = state;
        direction.offset = offsetIn(state, text);
        // Otherwise only the position on the page.
        if (direction.isOffsetPlayed) direction.playedOffset = direction.offset;
      },
    },
    sound: soundElement,
  },
  {
    open: (state) => {
      state.direction = createDirection();
    },
    close: (state) => {
      const { mark: tempo, offset } = state.direction;
      if (tempo > 0) storeTempo(state, state.builder.marks, tempo, offset);
      addDrawnMarks(state);
      state.direction = createDirection();
    },
  },
);

export const directionElements = { sound: soundElement, direction: directionElement };
