/**
 * Compares two scores by what MIDI can represent: for each part, the note-on and note-off times of
 * each key, and the tempos to a millionth. MIDI cannot match the ends of overlapping notes of the
 * same key, so ends are compared as a separate list. Returns the first difference, or null.
 */
import { midiResolution } from '../formats/midi/midi-writer.ts';
import { UNPITCHED } from '../model/note-columns.ts';
import { performedScore } from '../model/performed-score.ts';
import type { Score } from '../model/score.ts';
import { soundingNotesOfPart } from '../model/sounding-notes.ts';

export function differenceOfMidi(a: Score, b: Score): string | null {
  const [left, right] = [linesOf(a), linesOf(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    if (left[i] !== right[i]) return `${left[i]} instead of ${right[i]}`;
  }
  return null;
}

/**
 * One line per part with notes: its name, then the onsets and ends of each key in ticks of the MIDI
 * file.
 */
function linesOf(written: Score): string[] {
  const score = performedScore(written);
  const scale = midiResolution(score) / score.ticksPerQuarter;
  const lines = score.tempos.map(({ tick, quartersPerMinute }) => {
    return `tempo ${Math.round(tick * scale)} ${Math.round(60e6 / quartersPerMinute)}`;
  });
  for (const [index, part] of score.parts.entries()) {
    const pitched = soundingNotesOfPart(score, index);
    if (pitched.length > 0) lines.push(`${part.name}: ${keysOf(pitched, scale)}`);
    const struck = soundingNotesOfPart(score, index, UNPITCHED);
    const percussion = struck.map((note) => ({ ...note, midi: note.midi || 38 }));
    if (percussion.length > 0) lines.push(`${part.name}, percussion: ${keysOf(percussion, scale)}`);
  }
  return lines;
}

function keysOf(notes: readonly { onset: number; end: number; midi: number }[], scale: number): string {
  const keys = new Map<number, { onsets: number[]; ends: number[] }>();
  for (const { onset, end, midi } of notes) {
    const key = keys.get(midi) ?? { onsets: [], ends: [] };
    key.onsets.push(Math.round(onset * scale));
    key.ends.push(Math.round(end * scale));
    keys.set(midi, key);
  }
  const sorted = (list: number[]) => list.sort((x, y) => x - y).join(',');
  return [...keys]
    .sort((x, y) => x[0] - y[0])
    .map(([midi, { onsets, ends }]) => `${midi} [${sorted(onsets)}] [${sorted(ends)}]`)
    .join('; ');
}
