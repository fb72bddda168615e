/**
 * Finds the harmonies of a piece without ornaments. Slices at every onset would turn passing notes
 * into chords, and so would single beats in two-part music. So this takes the sequence of chords
 * that fits all beats best, with a cost per change that is lowest on strong beats. Equal neighbours
 * over the same bass are merged.
 */

import { type Chord, describeChord } from '../chords/chord.ts';
import type { Key } from '../keys/key-name.ts';
import type { Score } from '../model/score.ts';
import { type SoundingNote, soundingNotes } from '../model/sounding-notes.ts';
import { type BeatNotes, notesOfBeat } from './chord-fit.ts';
import { ChordPath, type RootedType } from './chord-path.ts';
import { type Beat, beatsOf } from './meter.ts';

export interface HarmonicSpan {
  tick: number;
  end: number;
  chord: Chord;
}

const changeCost = { strong: 0.1, weak: 0.25 };

/** `keyOf` returns the key of a measure, by index. */
export function harmoniesOf(score: Score, keyOf: (measure: number) => Key): HarmonicSpan[] {
  const beats = beatsOf(score);
  const path = new ChordPath(beats.length, changeCost.weak);
  const beatsWithBass: { beat: Beat; bass: number }[] = [];
  for (const { beat, notes } of soundingBeats(score, beats)) {
    path.add(notes, keyOf(beat.measure), beat.strong ? changeCost.strong : changeCost.weak);
    beatsWithBass.push({ beat, bass: notes.bass });
  }
  const spans: HarmonicSpan[] = [];
  for (const [i, found] of path.best().entries()) {
    const { beat, bass } = beatsWithBass[i] ?? {};
    if (!beat || bass === undefined || !found) continue;
    const last = spans.at(-1);
    if (last?.end === beat.tick && continues(last.chord, found, bass)) last.end = beat.end;
    else
      spans.push({ tick: beat.tick, end: beat.end, chord: describeChord(found.root, found.type, bassOf(found, bass)) });
  }
  return spans;
}

function* soundingBeats(score: Score, beats: readonly Beat[]): Generator<{ beat: Beat; notes: BeatNotes }> {
  const all = soundingNotes(score);
  let sounding: SoundingNote[] = [];
  let next = 0;
  for (const beat of beats) {
    sounding = sounding.filter(({ end }) => end > beat.tick);
    for (let note = all[next]; note && note.onset < beat.end; note = all[++next]) sounding.push(note);
    const notes = notesOfBeat(sounding, beat);
    if (notes) yield { beat, notes };
  }
}

/** A bass note outside the chord does not change its inversion. */
function continues(chord: Chord, found: RootedType, bass: number): boolean {
  if (chord.root !== found.root || chord.type !== found.type) return false;
  return bass === chord.bass || !found.type.tones.includes(bass - found.root);
}

function bassOf({ root, type }: RootedType, bass: number): number {
  return type.tones.includes(bass - root) ? bass : root;
}
