/**
 * Names what sounds at every onset of a piece, as a chord symbol and as a Roman numeral in a key.
 */
import type { ChordSlice } from '@encore/contracts';
import { nameChord } from '../chords/chord.ts';
import type { Key } from '../keys/key-name.ts';
import { nameOfFifths, nameOfPitch } from '../model/pitch.ts';
import type { Score } from '../model/score.ts';
import { placeOf, quarters } from './place.ts';
import { romanNumeral } from './roman-numeral.ts';
import { type Slice, slicesOf } from './slices.ts';

export function analyzeChords(score: Score, key: Key | null): ChordSlice[] {
  return Array.from(slicesOf(score), (slice) => describeSlice(score, slice, key));
}

function describeSlice(score: Score, { tick, end, notes }: Slice, key: Key | null): ChordSlice {
  const chord = nameChord(
    notes.map(({ fifths }) => fifths),
    notes[0]?.fifths ?? 0,
  );
  const pitches = [...new Set(notes.map(({ fifths, midi }) => nameOfPitch(fifths, midi)))];
  return {
    ...placeOf(score, tick),
    duration: quarters(score, end - tick),
    pitches,
    symbol: chord?.symbol ?? null,
    root: chord ? nameOfFifths(chord.root) : null,
    quality: chord?.type.quality ?? null,
    inversion: chord?.inversion ?? null,
    roman: chord && key ? romanNumeral(chord, key).text : null,
  };
}
