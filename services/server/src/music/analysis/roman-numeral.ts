/**
 * Roman numerals. Capitals are major, small letters minor; ° diminished, ø half-diminished, + augmented; figures tell the inversion. A chord that
 * does not belong to the key is read, in this order, as an augmented sixth, as the dominant (V/x) or leading-tone chord (vii°/x) of one of the
 * key's own triads, as the Neapolitan, or as borrowed, with the alteration of its root.
 */
import type { Key } from '../key-name.ts';
import { modulo, stepOfFifths } from '../pitch.ts';
import { type Chord, isAugmentedSixth } from './chord.ts';

export interface RomanNumeral {
  text: string;
  /** 0 is I to 6 is VII; of a secondary dominant, the degree of the chord that it leads to. */
  degree: number;
  /** V of something else than the tonic, or its leading-tone chord. */
  secondary: boolean;
}

const numerals = ['I', 'II', 'III', 'IV', 'V', 'VI', 'VII'];

/** Distance of each degree from the tonic in fifths. */
const scales = { major: [0, 2, 4, -1, 1, 3, 5], minor: [0, 2, -3, -1, 1, -4, -2] };

/** The triads that a secondary dominant can lead to: major or minor ones, not the tonic. */
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
  return secondaryOf(chord, key, distance) ?? plainNumeral(chord, key, distance);
}

/**
 * Both tones of an augmented sixth are a semitone from the octave that it opens to: on the
 * dominant, the usual goal.
 */
const sixthAboveGoal = -5;

/**
 * An augmented sixth that leads to the dominant of the key: it is of no scale, and yet as usual as
 * IV.
 */
export function isPredominantSixth({ root, type }: Pick<Chord, 'root' | 'type'>, key: Key): boolean {
  return isAugmentedSixth(type) && root - key.tonic === 1 + sixthAboveGoal;
}

/**
 * Figures by the tone in the bass, in the order of the type's tones; the usual position is the
 * first.
 */
const sixthFigures: Record<string, readonly string[]> = {
  Ger: ['65', '43', '42', '7'],
  Fr: ['43', '42', '7', '65'],
  It: ['6', '64', '53'],
};

/** "Ger65"; "Ger65/V" where it leads to the dominant of another chord of the key. */
function sixthOf(chord: Chord, key: Key): RomanNumeral {
  const { type, root, bass } = chord;
  const name = type.quality.startsWith('It') ? 'It' : type.quality.startsWith('Fr') ? 'Fr' : 'Ger';
  const place = Math.max(0, type.tones.indexOf(bass - root));
  const text = `${name}${sixthFigures[name]?.[place] ?? ''}`;
  const target = targets[key.mode].find(([degree]) => {
    return root - key.tonic === (scales[key.mode][degree] ?? 0) + 1 + sixthAboveGoal;
  });
  if (!target || isPredominantSixth(chord, key)) return { text, degree: 5, secondary: false };
  return { text: `${text}/${target[1]}`, degree: target[0], secondary: true };
}

export function isDiatonic(chord: Pick<Chord, 'root' | 'type'>, key: Key): boolean {
  // The minor scale has both sixths and sevenths; a major third above the tonic is not in it.
  const [lowest, highest] = key.mode === 'major' ? [-1, 5] : [-4, 5];
  return chord.type.tones.every((tone) => {
    const distance = chord.root + tone - key.tonic;
    return distance >= lowest && distance <= highest && !(key.mode === 'minor' && distance === 4);
  });
}

function secondaryOf(chord: Chord, key: Key, distance: number): RomanNumeral | null {
  if (isDiatonic(chord, key)) return null;
  const { quality } = chord.type;
  const dominant = quality === 'major' || quality.startsWith('dominant');
  const leading = quality.startsWith('diminished') || quality.startsWith('half-diminished');
  if (!dominant && !leading) return null;
  const goal = distance - (dominant ? 1 : 5);
  const target = targets[key.mode].find(([degree]) => scales[key.mode][degree] === goal);
  if (!target) return null;
  const sign = quality.startsWith('diminished') ? '°' : 'ø';
  const text = `${dominant ? 'V' : `vii${sign}`}${figures(chord)}/${target[1]}`;
  return { text, degree: target[0], secondary: true };
}

function plainNumeral(chord: Chord, key: Key, distance: number): RomanNumeral {
  const degree = modulo(stepOfFifths(chord.root) - stepOfFifths(key.tonic), 7);
  const { quality, tones } = chord.type;
  const alteration = Math.round((distance - (scales[key.mode][degree] ?? 0)) / 7);
  const leading = quality.startsWith('diminished') || quality.startsWith('half-diminished');
  // In minor, the chord on the raised leading tone is simply vii°.
  const usual = key.mode === 'minor' && alteration === 1 && leading && degree >= 5;
  const prefix = usual ? '' : alteration < 0 ? 'b'.repeat(-alteration) : '#'.repeat(alteration);
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
