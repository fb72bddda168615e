/**
 * Finds the home key of a piece. Each of the 24 keys collects four kinds of evidence, without
 * training:
 *
 * - the correlation of the pitch classes of the whole piece with the key's profile;
 * - the same for its first and last measures, where a piece is usually in its home key;
 * - the last bass note, which is nearly always the tonic and so distinguishes a key from its
 *   relative and its dominant;
 * - the written key signature, with the least weight, because it does not distinguish major from
 *   minor and some programs write none.
 *
 * `vote` is the mean of the evidence of all profiles. Transposing a piece transposes its key,
 * because no absolute pitch is used.
 */

import { PITCHED } from '../model/note-columns.ts';
import { fifthsOfInterval, modulo, spellPitchClass } from '../model/pitch.ts';
import type { Part, Score } from '../model/score.ts';
import { type Key, nameOfKey, respellKey, signatureOfKey } from './key-name.ts';
import { keyProfiles, type ProfileName, profileNames } from './key-profiles.ts';
import { correlate, pitchHistogram } from './pitch-histogram.ts';

const finalBassWeight = 0.1;
const signatureWeight = 0.05;
const alternativeCount = 4;
/** Reasons why a piece has no key. */
export const silent = 'no pitched note has a duration';
export const flat = 'all twelve pitch classes sound equally long';

export interface KeyAnalysis {
  key: string | null;
  /** Correlation of the whole piece's pitch classes with the key's profile. */
  correlation: number | null;
  /** The value by which keys are ordered. */
  evidence: number | null;
  /** The evidence of the key minus that of the next one, in units of correlation. */
  margin: number | null;
  /** Most evidence first. */
  alternatives: { key: string; correlation: number; evidence: number }[];
  reason?: string;
}

export interface KeyCandidate {
  key: Key;
  correlation: number;
  evidence: number;
}

export function analyzeKey(score: Score, profile: ProfileName | 'vote'): KeyAnalysis {
  const found = findKeys(score, profile);
  if (typeof found === 'string') {
    return { key: null, correlation: null, evidence: null, margin: null, alternatives: [], reason: found };
  }
  const [best, second] = found;
  if (!best || !second) throw new RangeError('there are always 24 candidates');
  return {
    key: nameOfKey(best.key),
    correlation: best.correlation,
    evidence: best.evidence,
    margin: best.evidence - second.evidence,
    alternatives: found
      .slice(1, 1 + alternativeCount)
      .map(({ key, correlation, evidence }) => ({ key: nameOfKey(key), correlation, evidence })),
  };
}

/** All 24 keys, most likely first, or the reason why there is no key. */
export function findKeys(score: Score, profile: ProfileName | 'vote'): KeyCandidate[] | string {
  const whole = pitchHistogram(score);
  if (whole.total === 0) return silent;
  const edges = edgeHistograms(score);
  const bass = finalBass(score);
  const written = soundingSignature(score);
  const signature = signatureAround(score);
  const profiles = profile === 'vote' ? profileNames : [profile];
  const candidates: KeyCandidate[] = [];
  for (let tonic = 0; tonic < 12; tonic++) {
    for (const mode of ['major', 'minor'] as const) {
      const key = respellKey({ tonic: spellPitchClass(tonic, -5), mode }, signature);
      let correlation = 0;
      let evidence = 0;
      for (const name of profiles) {
        const ofWhole = correlate(whole.weights, keyProfiles[name][mode], tonic);
        const ofEdges = edges.map((weights) => correlate(weights, keyProfiles[name][mode], tonic));
        correlation += ofWhole / profiles.length;
        evidence += (ofWhole + mean(ofEdges.filter(Number.isFinite), ofWhole)) / 2 / profiles.length;
      }
      if (bass !== null && modulo(bass, 12) === tonic) evidence += finalBassWeight;
      if (written !== null && modulo(signatureOfKey(key) - written, 12) === 0) evidence += signatureWeight;
      candidates.push({ key, correlation, evidence });
    }
  }
  if (candidates.some(({ correlation }) => Number.isNaN(correlation))) {
    return flat;
  }
  return candidates.sort((a, b) => b.evidence - a.evidence);
}

function mean(values: readonly number[], fallback: number): number {
  return values.length === 0 ? fallback : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The first and the last eighth of the piece, at most eight measures each. */
function edgeHistograms(score: Score): Float64Array[] {
  const { measures } = score;
  const count = Math.max(1, Math.min(8, Math.round(measures.length / 8)));
  const firstEnd = measures[count]?.start ?? Number.POSITIVE_INFINITY;
  const lastStart = measures[measures.length - count]?.start ?? 0;
  return [pitchHistogram(score, 0, firstEnd).weights, pitchHistogram(score, lastStart).weights];
}

/** The lowest note of those that sound until the end, as a MIDI number. */
function finalBass({ notes }: Score): number | null {
  let end = 0;
  let bass: number | null = null;
  for (let row = 0; row < notes.count; row++) {
    const duration = notes.duration[row] ?? 0;
    if (notes.kind[row] !== PITCHED || duration === 0) continue;
    const noteEnd = (notes.onset[row] ?? 0) + duration;
    const midi = notes.midi[row] ?? 0;
    if (noteEnd > end || (noteEnd === end && midi < (bass ?? Number.POSITIVE_INFINITY))) bass = midi;
    end = Math.max(end, noteEnd);
  }
  return bass;
}

/** The signature around which keys are spelled: the written one, or one derived from the notes. */
export function signatureAround(score: Score): number {
  return soundingSignature(score) ?? meanSignature(score);
}

/**
 * The first key signature at sounding pitch (transposing parts write another one); null if no part
 * has one.
 */
export function soundingSignature(score: Score): number | null {
  const votes = new Map<number, number>();
  for (const part of score.parts) {
    const fifths = signatureOfPart(part);
    if (fifths !== null) votes.set(fifths, (votes.get(fifths) ?? 0) + 1);
  }
  const [winner] = [...votes].sort((a, b) => b[1] - a[1]);
  return winner?.[0] ?? null;
}

function signatureOfPart(part: Part): number | null {
  const fifths = part.keys[0]?.fifths ?? null;
  if (fifths === null) return null;
  const [transposition] = part.transposes;
  if (!transposition) return fifths;
  return fifths + fifthsOfInterval(transposition.diatonic, transposition.chromatic);
}

/**
 * The signature derived from the notes: the mean of a major scale is two fifths above its tonic.
 */
function meanSignature({ notes }: Score): number {
  let sum = 0;
  let total = 0;
  for (let row = 0; row < notes.count; row++) {
    if (notes.kind[row] !== PITCHED) continue;
    sum += (notes.fifths[row] ?? 0) * (notes.duration[row] ?? 0);
    total += notes.duration[row] ?? 0;
  }
  return total === 0 ? 0 : Math.round(sum / total) - 2;
}
