/**
 * The row of chords that explains a row of beats best (Viterbi): the sum of their fits, less what each change costs. A row that is behind the
 * best by more than a change costs will never be ahead, for whoever changes then comes from the best: so few are followed. A piece may have
 * hundreds of thousands of beats, so what is kept of each is a few bytes.
 */
import type { Key } from '../key-name.ts';
import type { ChordType } from './chord.ts';
import { type BeatNotes, fitOfChord, fittingTypes } from './chord-fit.ts';
import { isDiatonic, isPredominantSixth } from './roman-numeral.ts';

export interface RootedType {
  root: number;
  type: ChordType;
}

/** What it is worth to say that there is no chord: one that fits worse is none. */
const noChordFit = 0.4;
/** A chord of the key is worth a little more, and one on its tonic, dominant or subdominant more still: of two notes, or one, there are many readings. */
const diatonicBonus = 0.1;
const primaryBonus = 0.03;
/** At most; mostly it is one or two. */
const followed = 12;
/** Chords are numbered, from this root on the line of fifths on; 0 is no chord. */
const lowestRoot = -128;
const noChord = 0;

interface Row {
  chord: number;
  total: number;
  /** Its place among the rows of the beat before. */
  from: number;
}

export class ChordPath {
  readonly #chords: Int16Array;
  readonly #from: Int8Array;
  readonly #highestChangeCost: number;
  #rows: Row[] = [];
  #beats = 0;

  constructor(maxBeats: number, highestChangeCost: number) {
    this.#chords = new Int16Array(maxBeats * followed);
    this.#from = new Int8Array(maxBeats * followed);
    this.#highestChangeCost = highestChangeCost;
  }

  /** The next beat. */
  add(notes: BeatNotes, key: Key, changeCost: number): void {
    const best = this.#rows[0]?.total ?? 0;
    const changed = best - (this.#beats === 0 ? 0 : changeCost);
    // Who stays comes first: at the same total, a row that does not change is the better one.
    const rows = this.#rows.map(({ chord, total }, place): Row => {
      const [from, before] = total >= changed ? [place, total] : [0, changed];
      return { chord, from, total: before + fitOf(chord, notes, key) };
    });
    let highest = Math.max(...rows.map(({ total }) => total), changed + noChordFit);
    const change = (chord: number, total: number): void => {
      if (total < highest - this.#highestChangeCost || this.#rows.some((row) => row.chord === chord)) return;
      highest = Math.max(highest, total);
      rows.push({ chord, from: 0, total });
    };
    change(noChord, changed + noChordFit);
    for (const root of notes.byFifths.keys()) {
      const bonuses = bonusesAt(root, key);
      for (const [index, type] of fittingTypes.entries())
        change(numberOf(root, index), changed + fitOfChord(notes, root, type) + (bonuses[index] ?? 0));
    }
    this.#keep(rows.filter(({ total }) => total >= highest - this.#highestChangeCost));
  }

  /** For each beat its chord, or null where none fits. */
  best(): (RootedType | null)[] {
    const path = new Array<RootedType | null>(this.#beats);
    let place = 0;
    for (let beat = this.#beats - 1; beat >= 0; beat--) {
      path[beat] = chordOf(this.#chords[beat * followed + place] ?? noChord);
      place = this.#from[beat * followed + place] ?? 0;
    }
    return path;
  }

  #keep(rows: Row[]): void {
    this.#rows = rows.sort((a, b) => b.total - a.total).slice(0, followed);
    for (const [place, { chord, from }] of this.#rows.entries()) {
      this.#chords[this.#beats * followed + place] = chord;
      this.#from[this.#beats * followed + place] = from;
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

/** For each type of chord on this root. */
function bonusesAt(root: number, key: Key): readonly number[] {
  const place = 2 * (root - key.tonic) + (key.mode === 'major' ? 1 : 0);
  let known = bonuses.get(place);
  if (!known) {
    const bonus = diatonicBonus + (Math.abs(root - key.tonic) <= 1 ? primaryBonus : 0);
    known = fittingTypes.map((type) => {
      if (isPredominantSixth({ root, type }, key)) return diatonicBonus;
      return isDiatonic({ root, type }, key) ? bonus : 0;
    });
    bonuses.set(place, known);
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
