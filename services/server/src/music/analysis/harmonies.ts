/**
 * The harmonies of a piece, without its ornaments. A slice at every onset shows each passing note as a chord of its own; here every beat is
 * given the chord type that explains most of what sounds in it, by time, with what stands in the bass or began on the beat
 * counting more. Equal neighbours become one harmony.
 */
import type { Score } from '../score.ts';
import { type SoundingNote, soundingNotes } from '../sounding-notes.ts';
import { type Chord, type ChordType, chordTypes, describeChord } from './chord.ts';
import { type Beat, beatsOf } from './meter.ts';

export interface HarmonicSpan {
  tick: number;
  end: number;
  chord: Chord;
}

interface Weights {
  byFifths: Map<number, number>;
  total: number;
  bass: number;
}

/** What a chord tone that does not sound costs, as a share of the beat. */
const missingTone = 0.12;
/** A seventh is believed when it sounds for a good part of the beat. */
const seventhCost = 0.12;
const bassBonus = 0.15;

/** Full triads and sevenths only: incomplete ones are found through the cost of what is missing. */
const candidates = chordTypes.filter(
  ({ tones, suffix }) => [1, -6, 8, 10].some((fifth) => tones.includes(fifth)) && !suffix.startsWith('sus'),
);

export function* harmoniesOf(score: Score): Generator<HarmonicSpan> {
  const notes = soundingNotes(score);
  let sounding: SoundingNote[] = [];
  let next = 0;
  let current: HarmonicSpan | null = null;
  for (const beat of beatsOf(score)) {
    sounding = sounding.filter(({ end }) => end > beat.tick);
    for (let note = notes[next]; note && note.onset < beat.end; note = notes[++next]) sounding.push(note);
    const chord = bestChord(weigh(sounding, beat));
    if (!chord) continue;
    if (current && current.end === beat.tick && sameHarmony(current.chord, chord)) {
      current.end = beat.end;
      continue;
    }
    if (current) yield current;
    current = { tick: beat.tick, end: beat.end, chord };
  }
  if (current) yield current;
}

function sameHarmony(a: Chord, b: Chord): boolean {
  return a.root === b.root && a.type === b.type && a.inversion === b.inversion;
}

function weigh(notes: readonly SoundingNote[], beat: Beat): Weights | null {
  const byFifths = new Map<number, number>();
  let total = 0;
  let lowest = Number.POSITIVE_INFINITY;
  let bass = 0;
  for (const { onset, end, midi, fifths } of notes) {
    const time = Math.min(end, beat.end) - Math.max(onset, beat.tick);
    const weight = onset <= beat.tick ? time * 1.5 : time;
    byFifths.set(fifths, (byFifths.get(fifths) ?? 0) + weight);
    total += weight;
    if (midi < lowest) {
      lowest = midi;
      bass = fifths;
    }
  }
  return byFifths.size < 2 ? null : { byFifths, total, bass };
}

function bestChord(weights: Weights | null): Chord | null {
  if (!weights) return null;
  let best: { root: number; type: ChordType } | null = null;
  let highest = 0.4;
  for (const root of weights.byFifths.keys()) {
    for (const type of candidates) {
      const score = fit(weights, root, type);
      if (score <= highest) continue;
      highest = score;
      best = { root, type };
    }
  }
  if (!best) return null;
  const { root, type } = best;
  const bassInChord = type.tones.includes(weights.bass - root);
  return describeChord(root, type, bassInChord ? weights.bass : root);
}

/** 1 for a chord of which every tone sounds and nothing else. */
function fit({ byFifths, total, bass }: Weights, root: number, type: ChordType): number {
  let inside = 0;
  let missing = 0;
  for (const tone of type.tones) {
    const weight = byFifths.get(root + tone) ?? 0;
    inside += weight;
    if (weight === 0) missing += tone === 1 ? missingTone / 2 : missingTone;
  }
  const extra = Math.max(0, type.tones.length - 3) * seventhCost + rarity(type);
  const rootInBass = bass === root ? bassBonus : type.tones.includes(bass - root) ? bassBonus / 2 : 0;
  return inside / total - missing - extra + rootInBass;
}

function rarity({ quality }: ChordType): number {
  return /augmented|ninth|sixth|minor major/.test(quality) ? 0.08 : 0;
}
