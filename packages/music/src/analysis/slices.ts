/**
 * Splits a piece at every onset into slices of the sounding notes. Rests in all voices have no
 * slice.
 */
import type { Score } from '../model/score.ts';
import { type SoundingNote, soundingNotes } from '../model/sounding-notes.ts';

export interface Slice {
  tick: number;
  end: number;
  /** Lowest first. */
  notes: SoundingNote[];
}

export function* slicesOf(score: Score): Generator<Slice> {
  const notes = soundingNotes(score);
  let sounding: SoundingNote[] = [];
  for (let next = 0; next < notes.length; ) {
    const tick = notes[next]?.onset ?? 0;
    sounding = sounding.filter(({ end }) => end > tick);
    for (let note = notes[next]; note?.onset === tick; note = notes[++next]) sounding.push(note);
    sounding.sort((a, b) => a.midi - b.midi || a.part - b.part);
    const lastEnd = sounding.reduce((latest, { end }) => Math.max(latest, end), tick);
    const end = Math.min(notes[next]?.onset ?? lastEnd, lastEnd);
    yield { tick, end, notes: [...sounding] };
  }
}
