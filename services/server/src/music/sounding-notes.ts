/**
 * The notes as they are heard: a chain of tied notes is one note, and neither percussion nor grace notes take part. Sorted by onset,
 * lowest first. This is what the analyses look at.
 */
import { PITCHED, TIE_START, TIE_STOP } from './note-columns.ts';
import type { Part, Score } from './score.ts';

export interface SoundingNote {
  onset: number;
  end: number;
  midi: number;
  /** Spelling, on the line of fifths. */
  fifths: number;
  /** Index into `score.parts`. */
  part: number;
  voice: number;
  staff: number;
  /** Where the note begins, as an index into `score.measures`. */
  measure: number;
}

export function soundingNotes(score: Score): SoundingNote[] {
  const all = score.parts.flatMap((_, index) => soundingNotesOfPart(score, index));
  return all.sort((a, b) => a.onset - b.onset || a.midi - b.midi || a.part - b.part);
}

export function soundingNotesOfPart(score: Score, index: number): SoundingNote[] {
  const { notes } = score;
  const part: Part | undefined = score.parts[index];
  const found: SoundingNote[] = [];
  // A tied note waits here for the one that continues it: same pitch, beginning where it ends.
  const tied = new Map<number, SoundingNote>();
  for (let row = part?.from ?? 0; row < (part?.to ?? 0); row++) {
    const duration = notes.duration[row] ?? 0;
    if (notes.kind[row] !== PITCHED || notes.grace[row] !== 0 || duration === 0) continue;
    const midi = notes.midi[row] ?? 0;
    const onset = notes.onset[row] ?? 0;
    const tie = notes.tie[row] ?? 0;
    let note = (tie & TIE_STOP) === 0 ? undefined : tied.get(midi);
    if (note?.end === onset) {
      note.end = onset + duration;
    } else {
      const [voice, staff, measure] = [notes.voice[row] ?? 1, notes.staff[row] ?? 1, notes.measure[row] ?? 0];
      const fifths = notes.fifths[row] ?? 0;
      note = { onset, end: onset + duration, midi, fifths, part: index, voice, staff, measure };
      found.push(note);
    }
    if ((tie & TIE_START) !== 0) tied.set(midi, note);
    else tied.delete(midi);
  }
  return found.sort((a, b) => a.onset - b.onset || a.midi - b.midi);
}
