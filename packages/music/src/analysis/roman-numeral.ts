/**
 * Roman numerals: upper case is major, lower case minor, ° diminished, ø half-diminished, +
 * augmented; figures show the inversion. A chord outside the key is read, in this order, as an
 * augmented sixth, as the dominant (V/x) or leading-tone chord (vii°/x) of a triad of the key, as
 * the Neapolitan, or as borrowed, with the alteration of its root.
 */

import { type Chord, isAugmentedSixth } from '../chords/chord.ts';
import type { Key } from '../keys/key-name.ts';
import { modulo, stepOfFifths } from '../model/pitch.ts';

export interface RomanNumeral {
  text: string;
  /** 0 (I) to 6 (VII); for a secondary dominant, the degree of its target. */
  degree: number;
  /** A dominant or leading-tone chord of a degree other than the tonic. */
  secondary: boolean;
}

const numerals = ['I', 'II', 'III', 'IV', 'V', 'VI', 'VII'];

/** The distance of each degree from the tonic, in fifths. */
const scales = { major: [0, 2, 4, -1, 1, 3, 5], minor: [0, 2, -3, -1, 1, -4, -2] };

/** The possible targets of a secondary dominant: major and minor triads except the tonic. */
const targets = {
  major: [
    [1, 'ii'],
    [2, 'iii'],
    [3, 'IV'],
    [4, 'V'],
    [5, 'vi'],
  ],
  minor: [
    [2, 'III'],
    [3, 'iv'],
    [4, 'V'],
    [5, 'VI'],
    [6, 'VII'],
  ],
} as const;

export function romanNumeral(chord: Chord, key: Key): RomanNumeral {
  const distance = chord.root - key.tonic;
  if (isAugmentedSixth(chord.type)) return sixthOf(chord, key);
  return secondaryOf(chord, key) ?? plainNumeral(chord, key, distance);
}

/**
 * An augmented sixth resolves outward to an octave, a semitone from both of its tones; the target
 * is usually the dominant.
 */
const sixthAboveTarget = -5;

/**
 * Whether the chord is an augmented sixth that leads to the dominant of the key. It is in no scale
 * but as common as IV.
 */
export function isPredominantSixth({ root, type }: Pick<Chord, 'root' | 'type'>, key: Key): boolean {
  return isAugmentedSixth(type) && root - key.tonic === 1 + sixthAboveTarget;
}

/**
 * Figures by the bass tone, in the order of the type's tones; the first is the most common
 * position.
 */
const sixthFigures: Record<string, readonly string[]> = {
  Ger: ['65', '43', '42', '7'],
  Fr: ['43', '42', '7', '65'],
  It: ['6', '64', '53'],
};

/** "Ger65", or "Ger65/V" if it leads to the dominant of another chord of the key. */
function sixthOf(chord: Chord, key: Key): RomanNumeral {
  const { type, root, bass } = chord;
  const name = type.quality.startsWith('It') ? 'It' : type.quality.startsWith('Fr') ? 'Fr' : 'Ger';
  const place = Math.max(0, type.tones.indexOf(bass - root));
  const text = `${name}${sixthFigures[name]?.[place] ?? ''}`;
  const target = targets[key.mode].find(([degree]) => {
    return root - key.tonic === (scales[key.mode][degree] ?? 0) + 1 + sixthAboveTarget;
  });
  if (!target || isPredominantSixth(chord, key)) return { text, degree: 5, secondary: false };
  return { text: `${text}/${target[1]}`, degree: target[0], secondary: true };
}

export function isDiatonic(chord: Pick<Chord, 'root' | 'type'>, key: Key): boolean {
  // The minor scale has both sixths and sevenths, but no major third above the tonic.
  const [lowest, highest] = key.mode === 'major' ? [-1, 5] : [-4, 5];
  return chord.type.tones.every((tone) => {
    const distance = chord.root + tone - key.tonic;
    return distance >= lowest && distance <= highest && !(key.mode === 'minor' && distance === 4);
  });
}

/** In minor, a major triad on the tonic is I (a Picardy third); with a seventh, it is V7/iv. */
function isPicardy({ type }: Pick<Chord, 'type'>, distance: number): boolean {
  return distance === 0 && type.quality === 'major';
}

/** Whether the chord is a seventh chord that leads to another degree of the key: V7/V, vii°7/V. */
export function isAppliedSeventh(chord: Pick<Chord, 'root' | 'type'>, key: Key): boolean {
  return chord.type.tones.length > 3 && targetOf(chord, key) !== null;
}

function secondaryOf(chord: Chord, key: Key): RomanNumeral | null {
  const target = targetOf(chord, key);
  if (!target) return null;
  const [degree, numeral] = target;
  const { quality } = chord.type;
  const sign = quality.startsWith('diminished') ? '°' : 'ø';
  const text = `${isLeading(quality) ? `vii${sign}` : 'V'}${figures(chord)}/${numeral}`;
  return { text, degree, secondary: true };
}

function isLeading(quality: string): boolean {
  return quality.startsWith('diminished') || quality.startsWith('half-diminished');
}

/** The degree that a chord outside the key leads to as its dominant or leading-tone chord. */
function targetOf(chord: Pick<Chord, 'root' | 'type'>, key: Key): (typeof targets)[Key['mode']][number] | null {
  const { quality } = chord.type;
  const distance = chord.root - key.tonic;
  if (isDiatonic(chord, key) || isPicardy(chord, distance)) return null;
  const isDominant = quality === 'major' || quality.startsWith('dominant');
  if (!isDominant && !isLeading(quality)) return null;
  const targetDistance = distance - (isDominant ? 1 : 5);
  return targets[key.mode].find(([degree]) => scales[key.mode][degree] === targetDistance) ?? null;
}

function plainNumeral(chord: Chord, key: Key, distance: number): RomanNumeral {
  const degree = modulo(stepOfFifths(chord.root) - stepOfFifths(key.tonic), 7);
  const { quality, tones } = chord.type;
  const alteration = Math.round((distance - (scales[key.mode][degree] ?? 0)) / 7);
  const leading = quality.startsWith('diminished') || quality.startsWith('half-diminished');
  // In minor, the chord on the raised leading tone is written vii°.
  const onLeadingTone = key.mode === 'minor' && alteration === 1 && leading && degree >= 5;
  const prefix = onLeadingTone ? '' : alteration < 0 ? 'b'.repeat(-alteration) : '#'.repeat(alteration);
  const minor = tones.includes(-3);
  const numeral = numerals[degree] ?? '';
  const sign = quality.startsWith('half') ? 'ø' : leading ? '°' : quality.startsWith('augmented') ? '+' : '';
  const text = `${prefix}${minor ? numeral.toLowerCase() : numeral}${sign}${figures(chord)}`;
  return { text, degree, secondary: false };
}

function figures(chord: Chord): string {
  const { quality } = chord.type;
  if (quality.includes('ninth')) return chord.inversion === 0 ? '9' : '7';
  if (quality.includes('seventh')) return ['7', '65', '43', '42'][chord.inversion] ?? '7';
  if (quality.startsWith('suspended')) return chord.type.suffix;
  return ['', '6', '64'][chord.inversion] ?? '';
}
