/**
 * The voices of a piece as lines of single notes: each voice of each part, with the highest note of
 * each chord. A line has the name of its part, plus the voice if the part has several.
 */
import type { Score } from '../model/score.ts';
import { type SoundingNote, soundingNotesOfPart } from '../model/sounding-notes.ts';

export interface MelodicLine {
  name: string;
  /** Index into `score.parts`. */
  part: number;
  voice: number;
  /** In order, without overlaps. */
  notes: SoundingNote[];
}

export function melodicLinesOf(score: Score): MelodicLine[] {
  const lines: MelodicLine[] = [];
  for (const [index, part] of score.parts.entries()) {
    const voices = new Map<number, SoundingNote[]>();
    for (const note of soundingNotesOfPart(score, index)) {
      const line = voices.get(note.voice) ?? [];
      voices.set(note.voice, line);
      addNote(line, note);
    }
    const name = part.name || part.id;
    for (const [voice, notes] of [...voices].sort((a, b) => a[0] - b[0])) {
      lines.push({ name: voices.size === 1 ? name : `${name} voice ${voice}`, part: index, voice, notes });
    }
  }
  return lines;
}

/** Notes must come by onset, lowest first. */
function addNote(line: SoundingNote[], note: SoundingNote): void {
  const last = line.at(-1);
  if (last?.onset === note.onset) {
    line.pop();
    addNote(line, note);
    return;
  }
  if (last && last.end > note.onset) line[line.length - 1] = { ...last, end: note.onset };
  line.push(note);
}
