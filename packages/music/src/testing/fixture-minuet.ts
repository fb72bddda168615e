/**
 * The Minuet in G major BWV Anh. 114 (Christian Petzold, in Anna Magdalena Bach's notebook of
 * 1725), without repeats and ornaments. It has four phrases of eight measures, which close on the
 * dominant (measure 8), in G major (16), in D major (24) and in G major (32).
 */

import type { Score } from '../model/score.ts';
import { fixtureScore } from './fixture-score.ts';

const first =
  'D5:1 G4:1/2 A4:1/2 B4:1/2 C5:1/2 | D5:1 G4:1 G4:1 | E5:1 C5:1/2 D5:1/2 E5:1/2 F#5:1/2 | G5:1 G4:1 G4:1 | C5:1 D5:1/2 C5:1/2 B4:1/2 A4:1/2 | B4:1 C5:1/2 B4:1/2 A4:1/2 G4:1/2';
const melody = [
  first,
  'F#4:1 G4:1/2 A4:1/2 B4:1/2 G4:1/2 | A4:3',
  first,
  'A4:1 B4:1/2 A4:1/2 G4:1/2 F#4:1/2 | G4:3',
  'B5:1 G5:1/2 A5:1/2 B5:1/2 G5:1/2 | A5:1 D5:1/2 E5:1/2 F#5:1/2 D5:1/2 | G5:1 E5:1/2 F#5:1/2 G5:1/2 D5:1/2',
  'C#5:1 B4:1/2 C#5:1/2 A4:1 | A4:1/2 B4:1/2 C#5:1/2 D5:1/2 E5:1/2 F#5:1/2 | G5:1 F#5:1 E5:1 | F#5:1 A4:1 C#5:1 | D5:3',
  'D5:1 G4:1/2 F#4:1/2 G4:1 | E5:1 G4:1/2 F#4:1/2 G4:1 | D5:1 C5:1 B4:1 | A4:1/2 G4:1/2 F#4:1/2 G4:1/2 A4:1',
  'D4:1/2 E4:1/2 F#4:1/2 G4:1/2 A4:1/2 B4:1/2 | C5:1 B4:1 A4:1 | B4:1/2 D5:1/2 G4:1 F#4:1 | G4:3',
];
const bass = [
  'G3+B3+D4:2 A3:1 | B3:3 | C4:3 | B3:3 | A3:3 | G3:3 | D4:1 B3:1 G3:1 | D4:1 D3:1/2 C4:1/2 B3:1/2 A3:1/2',
  'B3:2 A3:1 | G3:1 B3:1 G3:1 | C4:3 | B3:1 C4:1/2 B3:1/2 A3:1/2 G3:1/2 | A3:2 F#3:1 | G3:2 B3:1 | C4:1 D4:1 D3:1 | G3:2 G2:1',
  'G3:3 | F#3:3 | E3:1 G3:1 E3:1 | A3:2 A2:1 | A3:3 | B3:1 D4:1 C#4:1 | D4:1 F#3:1 A3:1 | D4:1 D3:1 C4:1',
  'B3:1 D4:2 | C4:1 E4:2 | B3:1 A3:1 G3:1 | D4:2 r:1 | D3:2 F#3:1 | E3:1 G3:1 F#3:1 | G3:1 B2:1 D3:1 | G3:1 D3:1 G2:1',
];

export function minuet(): Score {
  return fixtureScore([melody.join(' | '), bass.join(' | ')], { fifths: 1, time: [3, 4] });
}
