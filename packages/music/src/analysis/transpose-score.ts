/**
 * Transposes a score by an interval: all written pitches and key signatures. The spelling is kept,
 * so an augmented fourth stays one. If the new key would have more than seven sharps or flats, the
 * whole piece is respelled enharmonically.
 */
import { EncoreError } from '@encore/kit/encore-error';
import { type NoteColumns, PITCHED, reorderNoteColumns } from '../model/note-columns.ts';
import {
  alterOfFifths,
  fifthsOfInterval,
  fifthsOfPitch,
  midiOfPitch,
  octaveOfSpelling,
  stepOfFifths,
} from '../model/pitch.ts';
import type { KeySignature, Score } from '../model/score.ts';
import { compareNotes } from '../model/score-assembly.ts';

export interface Interval {
  diatonic: number;
  chromatic: number;
}

const perfect = new Set([0, 3, 4]);
const majorSemitones = [0, 2, 4, 5, 7, 9, 11];

/** "M2", "-m3", "P8", "A4", "d5": the sign is the direction. */
export function parseInterval(text: string): Interval {
  const match = /^(?<sign>-?)(?<quality>[PMmAd])(?<number>[1-9]\d?)$/.exec(text)?.groups;
  const steps = Number(match?.['number']) - 1;
  const isPerfect = perfect.has(steps % 7);
  const shift = match && qualityShift(match['quality'] ?? '', isPerfect);
  if (shift === undefined || steps > 35) {
    throw new EncoreError('INVALID_INTERVAL', `"${text}" is not an interval; use a form like M2, -m3, P5, A4 or d5`);
  }
  const chromatic = 12 * Math.floor(steps / 7) + (majorSemitones[steps % 7] ?? 0) + shift;
  return match?.['sign'] === '-' ? { diatonic: -steps, chromatic: -chromatic } : { diatonic: steps, chromatic };
}

/**
 * Semitones relative to the perfect or major interval; undefined for a perfect third or a major
 * fifth.
 */
function qualityShift(quality: string, isPerfect: boolean): number | undefined {
  if (quality === 'A') return 1;
  if (quality === 'd') return isPerfect ? -1 : -2;
  if (isPerfect) return quality === 'P' ? 0 : undefined;
  return quality === 'M' ? 0 : quality === 'm' ? -1 : undefined;
}

export function transposeScore(score: Score, { diatonic, chromatic }: Interval): Score {
  const shift = fifthsOfInterval(diatonic, chromatic) + respelling(score, fifthsOfInterval(diatonic, chromatic));
  const parts = score.parts.map((part) => ({ ...part, keys: part.keys.map((key) => transposeKey(key, shift)) }));
  const moved = transposeNotes(score.notes, chromatic, shift);
  // Chords are sorted by written pitch, whose order a new spelling may change: B4 Cb5 becomes C#5
  // Db5.
  const order = Uint32Array.from({ length: moved.count }, (_, row) => row);
  const compare = (a: number, b: number) =>
    (moved.measure[a] ?? 0) - (moved.measure[b] ?? 0) || compareNotes(moved, a, b);
  for (const { from, to } of parts) order.subarray(from, to).sort(compare);
  return { ...score, parts, notes: reorderNoteColumns(moved, order) };
}

/**
 * Returns ±12 fifths if the first signature would otherwise have more than seven accidentals, else
 * 0.
 */
function respelling(score: Score, shift: number): number {
  const written = score.parts.flatMap(({ keys }) => (keys[0]?.fifths == null ? [] : [keys[0].fifths]))[0] ?? 0;
  if (written + shift > 7) return -12;
  return written + shift < -7 ? 12 : 0;
}

function transposeKey(key: KeySignature, shift: number): KeySignature {
  if (key.fifths === null) return key;
  const fifths = key.fifths + shift;
  return { ...key, fifths: fifths > 7 ? fifths - 12 : fifths < -7 ? fifths + 12 : fifths };
}

function transposeNotes(notes: NoteColumns, chromatic: number, shift: number): NoteColumns {
  const step = notes.step.slice();
  const alterCents = notes.alterCents.slice();
  const octave = notes.octave.slice();
  const midi = notes.midi.slice();
  const fifths = notes.fifths.slice();
  for (let row = 0; row < notes.count; row++) {
    if (notes.kind[row] !== PITCHED) continue;
    const cents = notes.alterCents[row] ?? 0;
    const microtone = cents - 100 * Math.round(cents / 100);
    const number = midiOfPitch(notes.step[row] ?? 0, cents, notes.octave[row] ?? 0) + chromatic;
    let spelling = fifthsOfPitch(notes.step[row] ?? 0, cents) + shift;
    // Respell notes that would have more than two accidentals.
    let respelled = 0;
    if (Math.abs(alterOfFifths(spelling)) > 2) respelled = spelling > 0 ? -12 : 12;
    spelling += respelled;
    step[row] = stepOfFifths(spelling);
    alterCents[row] = 100 * alterOfFifths(spelling) + microtone;
    octave[row] = octaveOfSpelling(spelling, number);
    midi[row] = (notes.midi[row] ?? 0) + chromatic;
    fifths[row] = (notes.fifths[row] ?? 0) + shift + respelled;
  }
  return { ...notes, step, alterCents, octave, midi, fifths };
}
