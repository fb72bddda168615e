/**
 * Finds the sequence of chords that matches a sequence of beats best (Viterbi): it maximizes the
 * sum of the fits minus the cost of the changes. A candidate that is behind the best one by more
 * than the cost of a change can never win, so only a few candidates remain. A piece may have
 * hundreds of thousands of beats, so each takes only a few bytes.
 */

import type { ChordType } from '../chords/chord.ts';
import type { Key } from '../keys/key-name.ts';
import { type BeatNotes, fitOfChord, fittingTypes } from './chord-fit.ts';
import { isAppliedSeventh, isDiatonic, isPredominantSixth } from './roman-numeral.ts';

export interface RootedType {
  root: number;
  type: ChordType;
}

/** The fit of "no chord"; a chord with a lower fit is not recognized. */
const noChordFit = 0.4;
/**
 * Bonuses for a chord of the key, and for one on its tonic, dominant or subdominant. They decide
 * between the many readings of one or two notes.
 */
const diatonicBonus = 0.1;
const primaryBonus = 0.03;
/** For V7/IV after I, which it differs from by one note. */
const appliedBonus = 0.06;
/** Usually one or two. */
const maxCandidates = 12;
/** Chords are numbered from this root on the line of fifths; 0 means no chord. */
const lowestRoot = -128;
const noChord = 0;

interface Candidate {
  chord: number;
  total: number;
  /** Its predecessor's index among the candidates of the previous beat. */
  from: number;
}

export class ChordPath {
  readonly #chords: Int16Array;
  readonly #from: Int8Array;
  readonly #maxChangeCost: number;
  #candidates: Candidate[] = [];
  #beats = 0;

  constructor(maxBeats: number, maxChangeCost: number) {
    this.#chords = new Int16Array(maxBeats * maxCandidates);
    this.#from = new Int8Array(maxBeats * maxCandidates);
    this.#maxChangeCost = maxChangeCost;
  }

  /** Adds the next beat. */
  add(notes: BeatNotes, key: Key, changeCost: number): void {
    const best = this.#candidates[0]?.total ?? 0;
    const changed = best - (this.#beats === 0 ? 0 : changeCost);
    // Unchanged chords come first, so that they win a tie.
    const candidates = this.#candidates.map(({ chord, total }, place): Candidate => {
      const [from, before] = total >= changed ? [place, total] : [0, changed];
      return { chord, from, total: before + fitOf(chord, notes, key) };
    });
    let highest = Math.max(...candidates.map(({ total }) => total), changed + noChordFit);
    const change = (chord: number, total: number): void => {
      if (total < highest - this.#maxChangeCost || this.#candidates.some((candidate) => candidate.chord === chord))
        return;
      highest = Math.max(highest, total);
      candidates.push({ chord, from: 0, total });
    };
    change(noChord, changed + noChordFit);
    for (const root of notes.byFifths.keys()) {
      const bonuses = bonusesAt(root, key);
      for (const [index, type] of fittingTypes.entries())
        change(numberOf(root, index), changed + fitOfChord(notes, root, type) + (bonuses[index] ?? 0));
    }
    this.#keep(candidates.filter(({ total }) => total >= highest - this.#maxChangeCost));
  }

  /** Returns the chord of each beat, or null where none fits. */
  best(): (RootedType | null)[] {
    const path = new Array<RootedType | null>(this.#beats);
    let place = 0;
    for (let beat = this.#beats - 1; beat >= 0; beat--) {
      path[beat] = chordOf(this.#chords[beat * maxCandidates + place] ?? noChord);
      place = this.#from[beat * maxCandidates + place] ?? 0;
    }
    return path;
  }

  #keep(candidates: Candidate[]): void {
    this.#candidates = candidates.sort((a, b) => b.total - a.total).slice(0, maxCandidates);
    for (const [place, { chord, from }] of this.#candidates.entries()) {
      this.#chords[this.#beats * maxCandidates + place] = chord;
      this.#from[this.#beats * maxCandidates + place] = from;
    }
    this.#beats += 1;
  }
}

function fitOf(chord: number, notes: BeatNotes, key: Key): number {
  const found = chordOf(chord);
  if (!found) return noChordFit;
  return fitOfChord(notes, found.root, found.type) + (bonusesAt(found.root, key)[indexOf(chord)] ?? 0);
}

const bonuses = new Map<number, readonly number[]>();

/** The bonus of each chord type on this root. */
function bonusesAt(root: number, key: Key): readonly number[] {
  const id = 2 * (root - key.tonic) + (key.mode === 'major' ? 1 : 0);
  let known = bonuses.get(id);
  if (!known) {
    const bonus = diatonicBonus + (Math.abs(root - key.tonic) <= 1 ? primaryBonus : 0);
    known = fittingTypes.map((type) => {
      if (isPredominantSixth({ root, type }, key)) return diatonicBonus;
      if (isDiatonic({ root, type }, key)) return bonus;
      return isAppliedSeventh({ root, type }, key) ? appliedBonus : 0;
    });
    bonuses.set(id, known);
  }
  return known;
}

function numberOf(root: number, index: number): number {
  return 1 + (root - lowestRoot) * fittingTypes.length + index;
}

function indexOf(chord: number): number {
  return (chord - 1) % fittingTypes.length;
}

function chordOf(chord: number): RootedType | null {
  const type = fittingTypes[indexOf(chord)];
  if (chord === noChord || !type) return null;
  return { root: Math.floor((chord - 1) / fittingTypes.length) + lowestRoot, type };
}
