/** Pitch-class histograms of a score, and their correlation with key profiles. */

import { PITCHED } from '../model/note-columns.ts';
import { modulo, spellPitchClass } from '../model/pitch.ts';
import { measureAt, type Score } from '../model/score.ts';
import { type Key, respellKey } from './key-name.ts';
import { type KeyProfile, keyProfiles } from './key-profiles.ts';

export interface PitchHistogram {
  /**
   * Duration of each pitch class in quarter notes, C first, at sounding pitch, for all pitched
   * parts.
   */
  weights: Float64Array;
  total: number;
}

/**
 * Counts notes between the ticks `from` and `to`, clipped to that range. Grace notes have no
 * duration.
 */
export function pitchHistogram(score: Score, from = 0, to = Number.POSITIVE_INFINITY): PitchHistogram {
  const { notes, ticksPerQuarter } = score;
  const weights = new Float64Array(12);
  let total = 0;
  for (let row = 0; row < notes.count; row++) {
    if (notes.kind[row] !== PITCHED) continue;
    const onset = notes.onset[row] ?? 0;
    const sounding = Math.min(to, onset + (notes.duration[row] ?? 0)) - Math.max(from, onset);
    if (!(sounding > 0)) continue;
    const pitchClass = modulo(notes.midi[row] ?? 0, 12);
    weights[pitchClass] = (weights[pitchClass] ?? 0) + sounding / ticksPerQuarter;
    total += sounding / ticksPerQuarter;
  }
  return { weights, total };
}

/**
 * One histogram per measure, in ticks. A note counts in every measure in which it sounds. Each note
 * is processed once, so that notes that last for the whole piece cost no more than others.
 */
export function measureHistograms(score: Score): Float64Array[] {
  const { notes, measures } = score;
  const histograms = measures.map(() => new Float64Array(12));
  /** By measure and pitch class: notes that begin to fill whole measures, minus those that stop. */
  const filling = new Int32Array(12 * (measures.length + 1));
  const add = (measure: number, pitchClass: number, ticks: number): void => {
    const weights = histograms[measure];
    if (weights) weights[pitchClass] = (weights[pitchClass] ?? 0) + ticks;
  };
  for (let row = 0; row < notes.count; row++) {
    const duration = notes.duration[row] ?? 0;
    if (notes.kind[row] !== PITCHED || duration === 0) continue;
    const pitchClass = modulo(notes.midi[row] ?? 0, 12);
    const onset = notes.onset[row] ?? 0;
    const end = onset + duration;
    const [from, to] = [measureAt(score, onset), measureAt(score, end)];
    if (from === to) {
      add(from, pitchClass, duration);
      continue;
    }
    add(from, pitchClass, (measures[from + 1]?.start ?? end) - onset);
    add(to, pitchClass, end - (measures[to]?.start ?? end));
    const [begins, ends] = [12 * (from + 1) + pitchClass, 12 * to + pitchClass];
    filling[begins] = (filling[begins] ?? 0) + 1;
    filling[ends] = (filling[ends] ?? 0) - 1;
  }
  const active = new Float64Array(12);
  for (const [measure, { length }] of measures.entries()) {
    for (let pitchClass = 0; pitchClass < 12; pitchClass++) {
      active[pitchClass] = (active[pitchClass] ?? 0) + (filling[12 * measure + pitchClass] ?? 0);
      add(measure, pitchClass, (active[pitchClass] ?? 0) * length);
    }
  }
  return histograms;
}

/**
 * Pearson's correlation of a histogram with a profile whose first value belongs to pitch class
 * `tonic`; NaN for a flat histogram.
 */
export function correlate(weights: ArrayLike<number>, profile: readonly number[], tonic: number): number {
  let [sumX, sumY] = [0, 0];
  for (let i = 0; i < 12; i++) {
    sumX += weights[i] ?? 0;
    sumY += profile[i] ?? 0;
  }
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < 12; i++) {
    const x = (weights[i] ?? 0) - sumX / 12;
    const y = (profile[modulo(i - tonic, 12)] ?? 0) - sumY / 12;
    xx += x * x;
    yy += y * y;
    xy += x * y;
  }
  // Rounding leaves a small variance even if all weights are equal.
  return xx <= 1e-12 * sumX * sumX ? Number.NaN : xy / Math.sqrt(xx * yy);
}

/**
 * The best key by one histogram alone, spelled with the fewest accidentals; C major if no key
 * correlates.
 */
export function bestKeyOfHistogram(
  weights: ArrayLike<number>,
  profile: KeyProfile = keyProfiles['bellman-budge'],
): Key {
  let best: Key = { tonic: 0, mode: 'major' };
  let highest = Number.NEGATIVE_INFINITY;
  for (let tonic = 0; tonic < 12; tonic++) {
    for (const mode of ['major', 'minor'] as const) {
      const correlation = correlate(weights, profile[mode], tonic);
      if (!(correlation > highest)) continue;
      highest = correlation;
      best = respellKey({ tonic: spellPitchClass(tonic, -5), mode }, 0);
    }
  }
  return best;
}
