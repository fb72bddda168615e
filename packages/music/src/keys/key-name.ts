/** A key: its tonic on the line of fifths, and its mode. */
import { fifthsOfPitch, modulo, nameOfFifths, stepOfName } from '../model/pitch.ts';

export interface Key {
  tonic: number;
  mode: 'major' | 'minor';
}

/** "Eb major", "C# minor". */
export function nameOfKey(key: Key): string {
  return `${nameOfFifths(key.tonic)} ${key.mode}`;
}

/** Parses the output of `nameOfKey`; returns null for other text. */
export function parseKey(text: string): Key | null {
  const match = /^(?<step>[A-G])(?<alter>#{0,2}|b{0,2}) (?<mode>major|minor)$/.exec(text)?.groups;
  if (!match) return null;
  const alter = match['alter'] ?? '';
  const semitones = alter.startsWith('b') ? -alter.length : alter.length;
  const tonic = fifthsOfPitch(stepOfName(match['step'] ?? ''), 100 * semitones);
  return { tonic, mode: match['mode'] === 'minor' ? 'minor' : 'major' };
}

/** The number of sharps (positive) or flats (negative) in its signature. */
export function signatureOfKey(key: Key): number {
  return key.mode === 'major' ? key.tonic : key.tonic - 3;
}

export function keyOfSignature(fifths: number, mode: Key['mode']): Key {
  return { tonic: mode === 'major' ? fifths : fifths + 3, mode };
}

/**
 * The same key, spelled with the signature nearest to `signature`: near five flats it is Db, not
 * C#.
 */
export function respellKey(key: Key, signature: number): Key {
  const distance = modulo(signatureOfKey(key) - signature + 6, 12) - 6;
  const tonic = signature + distance + (key.mode === 'major' ? 0 : 3);
  return { tonic, mode: key.mode };
}
