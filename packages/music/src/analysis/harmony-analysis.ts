/** Analyzes harmony: the keys over time, the chords with their functions, and the cadences. */
import type { Cadence, Harmony, KeyRegion } from '@encore/contracts';
import { findKeys } from '../keys/key-finder.ts';
import { type Key, nameOfKey } from '../keys/key-name.ts';
import { measureAt, type Score } from '../model/score.ts';
import { cadencesOf, type KeyedSpan } from './cadences.ts';
import { harmoniesOf } from './harmonies.ts';
import { keyRegionsOf } from './key-regions.ts';
import { placeOf, quarters } from './place.ts';
import { type RomanNumeral, romanNumeral } from './roman-numeral.ts';

export interface HarmonyAnalysis {
  home_key: string | null;
  regions: KeyRegion[];
  cadences: Cadence[];
  harmonies: Harmony[];
}

/** By degree, from I to vii; vi counts as a weak tonic. */
const functions = ['tonic', 'predominant', 'other', 'predominant', 'dominant', 'tonic', 'dominant'] as const;

export function analyzeHarmony(score: Score): HarmonyAnalysis {
  const found = findKeys(score, 'vote');
  const home = typeof found === 'string' ? null : (found[0]?.key ?? null);
  const regions = keyRegionsOf(score, home);
  if (!home) return { home_key: null, regions: [], cadences: [], harmonies: [] };
  const keys = regions.flatMap(({ tonality, from_measure, to_measure }) =>
    new Array<Key>(to_measure - from_measure + 1).fill(tonality),
  );
  const keyOf = (measure: number): Key => keys[measure] ?? home;
  const spans = harmoniesOf(score, keyOf).map(
    (span): KeyedSpan => ({ ...span, key: keyOf(measureAt(score, span.tick)) }),
  );
  return {
    home_key: nameOfKey(home),
    regions: regions.map(({ key, from_measure, to_measure }) => ({ key, from_measure, to_measure })),
    cadences: cadencesOf(score, spans),
    harmonies: spans.map((span) => describe(score, span)),
  };
}

function describe(score: Score, { tick, end, chord, key }: KeyedSpan): Harmony {
  const numeral = romanNumeral(chord, key);
  return {
    ...placeOf(score, tick),
    duration: quarters(score, end - tick),
    symbol: chord.symbol,
    roman: numeral.text,
    key: nameOfKey(key),
    function: functionOf(numeral),
  };
}

function functionOf({ text, degree, secondary }: RomanNumeral): Harmony['function'] {
  if (secondary) return 'other';
  // The tonic six-four delays the dominant; the Neapolitan and augmented sixths lead to it.
  if (/^[Ii]64$/.test(text)) return 'dominant';
  if (/^(bII(?!I)|It|Fr|Ger)/.test(text)) return 'predominant';
  return functions[degree] ?? 'other';
}
