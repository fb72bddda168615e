/**
 * The harmonies of a piece, without its ornaments. A slice at every onset shows each passing note as a chord of its own, and in a piece of two
 * voices so does each beat alone. Here the row of chords is taken that explains all beats best, where a change costs something, least on a strong
 * beat. Equal neighbours over the same bass are one harmony.
 */
import type { Key } from '../key-name.ts';
import type { Score } from '../score.ts';
import { type SoundingNote, soundingNotes } from '../sounding-notes.ts';
import { type Chord, describeChord } from './chord.ts';
import { type BeatNotes, notesOfBeat } from './chord-fit.ts';
import { ChordPath, type RootedType } from './chord-path.ts';
import { type Beat, beatsOf } from './meter.ts';

export interface HarmonicSpan {
  tick: number;
  end: number;
  chord: Chord;
}

const changeCost = { strong: 0.1, weak: 0.25 };

/** `keyOf` says in which key a measure is, by its index. */
export function harmoniesOf(score: Score, keyOf: (measure: number) => Key): HarmonicSpan[] {
  const beats = beatsOf(score);
  const path = new ChordPath(beats.length, changeCost.weak);
  const heard: { beat: Beat; bass: number }[] = [];
  for (const { beat, notes } of soundingBeats(score, beats)) {
    path.add(notes, keyOf(beat.measure), beat.strong ? changeCost.strong : changeCost.weak);
    heard.push({ beat, bass: notes.bass });
  }
  const spans: HarmonicSpan[] = [];
  for (const [i, found] of path.best().entries()) {
    const { beat, bass } = heard[i] ?? {};
    if (!beat || bass === undefined || !found) continue;
    const last = spans.at(-1);
    if (last?.end === beat.tick && goesOn(last.chord, found, bass)) last.end = beat.end;
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

/** A passing bass does not turn the chord over. */
function goesOn(chord: Chord, found: RootedType, bass: number): boolean {
  if (chord.root !== found.root || chord.type !== found.type) return false;
  return bass === chord.bass || !found.type.tones.includes(bass - found.root);
}

function bassOf({ root, type }: RootedType, bass: number): number {
  return type.tones.includes(bass - root) ? bass : root;
}
