/** MusicXML documents and their parts, for tests. */
import { nameOfPitch } from '../model/pitch.ts';
import type { Score } from '../model/score.ts';

/** A score with the measures of one part; `list` may list others. */
export function partwise(
  measures: string,
  list = '<score-part id="P1"><part-name>One</part-name></score-part>',
): string {
  return `<?xml version="1.0"?><score-partwise><part-list>${list}</part-list><part id="P1">${measures}</part></score-partwise>`;
}

/** `more` comes before the pitch. */
export function note(step: string, octave: number, duration: number | string, more = ''): string {
  return `<note>${more}<pitch><step>${step}</step><octave>${octave}</octave></pitch><duration>${duration}</duration></note>`;
}

export function pitchesOf({ notes }: Score): string[] {
  return Array.from({ length: notes.count }, (_, row) => nameOfPitch(notes.fifths[row] ?? 0, notes.midi[row] ?? 0));
}
