/**
 * Scores how well a chord matches the notes of a beat, by duration. The bass and notes that begin
 * on the beat have more weight.
 */

import { type ChordType, chordTypes } from '../chords/chord.ts';
import type { SoundingNote } from '../model/sounding-notes.ts';
import type { Beat } from './meter.ts';

export interface BeatNotes {
  /** Weighted duration of each pitch, by its position on the line of fifths. */
  byFifths: Map<number, number>;
  total: number;
  bass: number;
}

/** The cost of a chord tone that does not sound, as a share of the beat. */
const missingTone = 0.12;
/** The cost of adding a seventh, so that it must sound for at least this share of the beat. */
const seventhCost = 0.12;
const bassBonus = 0.15;
const rareCost = 0.08;
const onBeatFactor = 1.5;

/** Complete triads and sevenths only; the cost of missing tones covers incomplete ones. */
export const fittingTypes: readonly ChordType[] = chordTypes.filter(
  ({ tones, suffix }) => [1, -6, 8, 10].some((fifth) => tones.includes(fifth)) && !suffix.startsWith('sus'),
);
const extraCosts = new Map(fittingTypes.map((type) => [type, extraCost(type)]));

/** Returns null for a rest. */
export function notesOfBeat(sounding: readonly SoundingNote[], beat: Beat): BeatNotes | null {
  const byFifths = new Map<number, number>();
  let total = 0;
  let lowest = Number.POSITIVE_INFINITY;
  let bass = 0;
  for (const { onset, end, midi, fifths } of sounding) {
    const time = Math.min(end, beat.end) - Math.max(onset, beat.tick);
    const weight = onset <= beat.tick ? time * onBeatFactor : time;
    byFifths.set(fifths, (byFifths.get(fifths) ?? 0) + weight);
    total += weight;
    if (midi < lowest) {
      lowest = midi;
      bass = fifths;
    }
  }
  return byFifths.size === 0 ? null : { byFifths, total, bass };
}

/** About 1 if every tone of the chord sounds, and nothing else. */
export function fitOfChord({ byFifths, total, bass }: BeatNotes, root: number, type: ChordType): number {
  let inside = 0;
  let missing = 0;
  for (const tone of type.tones) {
    const weight = byFifths.get(root + tone) ?? 0;
    inside += weight;
    if (weight === 0) missing += tone === 1 ? missingTone / 2 : missingTone;
  }
  const inBass = bass === root ? bassBonus : type.tones.includes(bass - root) ? bassBonus / 2 : 0;
  return inside / total - missing - (extraCosts.get(type) ?? 0) + inBass;
}

function extraCost({ tones, quality }: ChordType): number {
  // Augmented sixths are rare too, but their spelling is unambiguous.
  const rare = /augmented|ninth|minor major/.test(quality) ? rareCost : 0;
  return Math.max(0, tones.length - 3) * seventhCost + rare;
}
