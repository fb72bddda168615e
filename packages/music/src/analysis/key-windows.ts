/**
 * Finds the key of each window that moves through a piece, from the notes inside it only. Without
 * cadences and signatures a window may be undecided, which the result reports. Harmony analysis
 * finds modulations.
 */
import type { KeyWindow } from '@encore/contracts';
import { flat, signatureAround, silent } from '../keys/key-finder.ts';
import { nameOfKey, respellKey } from '../keys/key-name.ts';
import { keyProfiles, type ProfileName, profileNames } from '../keys/key-profiles.ts';
import { correlate, measureHistograms } from '../keys/pitch-histogram.ts';
import { spellPitchClass } from '../model/pitch.ts';
import type { Score } from '../model/score.ts';
import { type Page, pageOf } from './page.ts';

export interface WindowSize {
  /** In measures. */
  window: number;
  /** Distance between the starts of two windows, in measures. */
  hop: number;
}

/** A smaller difference between correlations is a rounding error, so the order would be random. */
const undecided = 1e-9;

/**
 * Windows start every `hop` measures until one reaches the end. Only those on the page are
 * analyzed.
 */
export function keyWindowsOf(
  score: Score,
  profile: ProfileName | 'vote',
  { window, hop }: WindowSize,
  page: Page,
): { windows: KeyWindow[]; total: number; next: number | null } {
  const measures = score.measures.length;
  const starts = Array.from({ length: Math.ceil(Math.max(0, measures - window) / hop) + 1 }, (_, i) => i * hop);
  const { items, ...paging } = pageOf(starts, page);
  const histograms = measureHistograms(score);
  const signature = signatureAround(score);
  const profiles = profile === 'vote' ? profileNames : [profile];
  const windows = items.map((start) => {
    const end = Math.min(start + window, measures);
    return { from_measure: start + 1, to_measure: end, ...keyOf(sumOf(histograms, start, end), profiles, signature) };
  });
  return { windows, ...paging };
}

function sumOf(histograms: readonly Float64Array[], start: number, end: number): Float64Array {
  const sum = new Float64Array(12);
  for (const weights of histograms.slice(start, end)) {
    for (let i = 0; i < 12; i++) sum[i] = (sum[i] ?? 0) + (weights[i] ?? 0);
  }
  return sum;
}

function keyOf(
  weights: Float64Array,
  profiles: readonly ProfileName[],
  signature: number,
): Pick<KeyWindow, 'key' | 'correlation' | 'margin' | 'reason'> {
  if (weights.every((weight) => weight === 0)) return undecidedBecause(silent);
  const candidates = Array.from({ length: 24 }, (_, i) => {
    const [tonic, mode] = [i >> 1, i % 2 === 0 ? 'major' : 'minor'] as const;
    const sum = profiles.reduce((total, name) => total + correlate(weights, keyProfiles[name][mode], tonic), 0);
    return { tonic, mode, correlation: sum / profiles.length };
  });
  if (candidates.some(({ correlation }) => Number.isNaN(correlation))) return undecidedBecause(flat);
  const [best, second] = candidates.sort((a, b) => b.correlation - a.correlation);
  if (!best || !second) throw new RangeError('there are always 24 candidates');
  const margin = best.correlation - second.correlation;
  if (margin < undecided) return undecidedBecause('several keys fit equally well');
  const key = respellKey({ tonic: spellPitchClass(best.tonic, -5), mode: best.mode }, signature);
  return { key: nameOfKey(key), correlation: best.correlation, margin };
}

function undecidedBecause(reason: string): Pick<KeyWindow, 'key' | 'correlation' | 'margin' | 'reason'> {
  return { key: null, correlation: null, margin: null, reason };
}
