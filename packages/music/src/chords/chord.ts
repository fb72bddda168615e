/**
 * Names chords by their spelling: a chord type is a set of distances from the root on the line of
 * fifths, so a German sixth differs from a dominant seventh. If the spelling matches no type (for
 * example in music from MIDI), the pitch classes decide.
 */
import { modulo, nameOfFifths, pitchClassOfFifths } from '../model/pitch.ts';

export interface ChordType {
  quality: string;
  /** After the root's name: "m7" as in Am7. */
  suffix: string;
  /** Distances from the root in fifths, in the order root, third, fifth, seventh. */
  tones: readonly number[];
}

export interface Chord {
  root: number;
  type: ChordType;
  bass: number;
  inversion: number;
  symbol: string;
}

/** Complete chords before incomplete ones, common before rare: the first match wins. */
export const chordTypes: readonly ChordType[] = [
  { quality: 'major', suffix: '', tones: [0, 4, 1] },
  { quality: 'minor', suffix: 'm', tones: [0, -3, 1] },
  { quality: 'dominant seventh', suffix: '7', tones: [0, 4, 1, -2] },
  { quality: 'minor seventh', suffix: 'm7', tones: [0, -3, 1, -2] },
  { quality: 'diminished', suffix: 'dim', tones: [0, -3, -6] },
  { quality: 'half-diminished seventh', suffix: 'm7b5', tones: [0, -3, -6, -2] },
  { quality: 'diminished seventh', suffix: 'dim7', tones: [0, -3, -6, -9] },
  { quality: 'major seventh', suffix: 'maj7', tones: [0, 4, 1, 5] },
  { quality: 'augmented', suffix: 'aug', tones: [0, 4, 8] },
  { quality: 'minor major seventh', suffix: 'm(maj7)', tones: [0, -3, 1, 5] },
  { quality: 'German sixth', suffix: '(Ger)', tones: [0, 4, 1, 10] },
  { quality: 'French sixth', suffix: '(Fr)', tones: [0, 4, 6, 10] },
  { quality: 'Italian sixth', suffix: '(It)', tones: [0, 4, 10] },
  // A German sixth with its fifth spelled upward, before a major six-four chord: A♭ C D♯ F♯.
  { quality: 'German sixth', suffix: '(Ger)', tones: [0, 4, 13, 10] },
  { quality: 'dominant ninth', suffix: '9', tones: [0, 4, 1, -2, 2] },
  { quality: 'dominant minor ninth', suffix: '7b9', tones: [0, 4, 1, -2, -5] },
  { quality: 'augmented seventh', suffix: 'aug7', tones: [0, 4, 8, -2] },
  { quality: 'suspended fourth', suffix: 'sus4', tones: [0, -1, 1] },
  { quality: 'suspended second', suffix: 'sus2', tones: [0, 2, 1] },
  { quality: 'dominant seventh', suffix: '7', tones: [0, 4, -2] },
  { quality: 'minor seventh', suffix: 'm7', tones: [0, -3, -2] },
  { quality: 'major seventh', suffix: 'maj7', tones: [0, 4, 5] },
  { quality: 'major', suffix: '', tones: [0, 4] },
  { quality: 'minor', suffix: 'm', tones: [0, -3] },
];

/**
 * An augmented sixth is named from its lowest tone in fifths, which is neither a true root nor the
 * bass.
 */
export function isAugmentedSixth(type: ChordType): boolean {
  return type.quality.endsWith('sixth') && type.tones.includes(10);
}

const bySpelling = new Map(reversed().map((type) => [signature(type.tones), type]));
const byPitchClass = new Map(
  reversed()
    .filter((type) => !isAugmentedSixth(type))
    .map((type) => [signature(type.tones.map(pitchClassOfFifths)), type]),
);

/**
 * Names the chord of these positions on the line of fifths, with `bass` as the lowest pitch; null
 * if there is none.
 */
export function nameChord(fifths: Iterable<number>, bass: number): Chord | null {
  const tones = [...new Set(fifths)];
  if (tones.length < 2 || tones.length > 6) return null;
  // Try the bass first, because root position is the more likely reading.
  const roots = [bass, ...tones.filter((tone) => tone !== bass).sort((a, b) => a - b)];
  for (const root of roots) {
    const type = bySpelling.get(signature(tones.map((tone) => tone - root)));
    if (type) return describeChord(root, type, bass);
  }
  for (const root of roots) {
    const classes = new Set(tones.map((tone) => pitchClassOfFifths(tone - root)));
    const type = byPitchClass.get(signature([...classes]));
    if (type) return describeChord(root, type, bass);
  }
  return null;
}

/** Whether these positions on the line of fifths are a known chord as they are spelled. */
export function isChordSpelling(fifths: readonly number[]): boolean {
  return fifths.some((root) => bySpelling.has(signature(fifths.map((tone) => tone - root))));
}

export function describeChord(root: number, type: ChordType, bass: number): Chord {
  const place = type.tones.findIndex((tone) => modulo(7 * (root + tone - bass), 12) === 0);
  const inversion = Math.max(0, inversionOf(type, place));
  const name = `${nameOfFifths(root)}${type.suffix}`;
  return { root, type, bass, inversion, symbol: inversion === 0 ? name : `${name}/${nameOfFifths(bass)}` };
}

/** In types without a fifth, the seventh in the bass is still the third inversion. */
function inversionOf(type: ChordType, place: number): number {
  const tone = type.tones[place];
  return tone === 5 || tone === -2 || tone === -9 ? 3 : place;
}

function signature(distances: readonly number[]): string {
  return [...distances].sort((a, b) => a - b).join(' ');
}

/** Reversed, because a Map keeps the last of equal keys and the first chord type must win. */
function reversed(): ChordType[] {
  return [...chordTypes].reverse();
}
