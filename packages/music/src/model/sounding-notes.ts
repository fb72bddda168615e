/**
 * The notes as they sound: tied notes are merged, grace notes are left out. Sorted by onset, lowest
 * first. The analyses use the pitched ones.
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
  /** The measure of the onset, as an index into `score.measures`. */
  measure: number;
}

export function soundingNotes(score: Score): SoundingNote[] {
  const all = score.parts.flatMap((_, index) => soundingNotesOfPart(score, index));
  return all.sort((a, b) => a.onset - b.onset || a.midi - b.midi || a.part - b.part);
}

/** `kind`: pitched notes or percussion. */
export function soundingNotesOfPart(score: Score, index: number, kind: number = PITCHED): SoundingNote[] {
  const { notes } = score;
  const part: Part | undefined = score.parts[index];
  const found: SoundingNote[] = [];
  const tied = new TiedNotes();
  for (let row = part?.from ?? 0; row < (part?.to ?? 0); row++) {
    const duration = notes.duration[row] ?? 0;
    if (notes.kind[row] !== kind || notes.grace[row] !== 0 || duration === 0) continue;
    const midi = notes.midi[row] ?? 0;
    const onset = notes.onset[row] ?? 0;
    const tie = notes.tie[row] ?? 0;
    const [voice, staff, measure] = [notes.voice[row] ?? 1, notes.staff[row] ?? 1, notes.measure[row] ?? 0];
    let note = (tie & TIE_STOP) === 0 ? undefined : tied.take(midi, onset, voice, staff);
    if (note) {
      note.end = onset + duration;
    } else {
      const fifths = notes.fifths[row] ?? 0;
      note = { onset, end: onset + duration, midi, fifths, part: index, voice, staff, measure };
      found.push(note);
    }
    if ((tie & TIE_START) !== 0) tied.add(note, voice, staff);
  }
  return found.sort((a, b) => a.onset - b.onset || a.midi - b.midi);
}

interface TiedNote {
  note: SoundingNote;
  /** Of its last tied note, because a tie may change voice and staff. */
  voice: number;
  staff: number;
}

/** At most this many notes of one key that end at the same tick are compared. */
const maxUnisons = 16;

/**
 * Tied notes that wait for their continuation: a note of the same key that starts where they end.
 */
class TiedNotes {
  readonly #byKey = new Map<number, Map<number, TiedNote[]>>();

  add(note: SoundingNote, voice: number, staff: number): void {
    const byEnd = this.#byKey.get(note.midi) ?? new Map<number, TiedNote[]>();
    this.#byKey.set(note.midi, byEnd);
    const waiting = byEnd.get(note.end);
    if (waiting) waiting.push({ note, voice, staff });
    else byEnd.set(note.end, [{ note, voice, staff }]);
  }

  /**
   * Removes and returns the note that continues at `onset`; if there are several, the one of this
   * voice, else of this staff.
   */
  take(midi: number, onset: number, voice: number, staff: number): SoundingNote | undefined {
    const waiting = this.#byKey.get(midi)?.get(onset) ?? [];
    const similarity = (tied: TiedNote) => (tied.voice === voice ? 2 : 0) + (tied.staff === staff ? 1 : 0);
    let best = 0;
    for (let i = 1; i < Math.min(waiting.length, maxUnisons); i++) {
      const [one, other] = [waiting[i], waiting[best]];
      if (one && other && similarity(one) > similarity(other)) best = i;
    }
    const taken = waiting[best];
    const last = waiting.pop();
    if (last && last !== taken) waiting[best] = last;
    return taken?.note;
  }
}
